import Auth
import Platform
import Tenancy

/// `/v1/bots/{bot_id}/webhook`, and the bot's token: what goes on at Telegram before it is stored. An If-Match names
/// the version of the bot.
struct BotWebhooks {
    let connector: BotConnector
    let isDevelopment: Bool

    /// Asks Telegram; what is stored when Telegram cannot be asked, or somebody else is at work on the bot.
    @Sendable func show(_ call: Call) async throws -> HTTPResponse {
        let bot = try await bot(call)
        do {
            return try answer(try await connector.check(bot.key))
        } catch let error where error.isTelegramAway {
            return try await stored(
                bot.id, call, reason: "Telegram could not be asked: this is what was known before")
        } catch is BotWork.Busy {
            return try await stored(bot.id, call)
        } catch is BotConnector.SealedToken {
            return try await stored(
                bot.id, call, reason: "The bot's token does not open with this master key")
        } catch is BotAPIError {
            // Written down: the token is revoked, or the bot refused.
            return try await stored(bot.id, call)
        }
    }

    private func stored(_ id: ID<Bot>, _ call: Call, reason: String? = nil) async throws -> HTTPResponse {
        let (bot, webhook) = try await call.found { tx -> (Bot, Webhook)? in
            guard let bot = try await Bot.find(id, in: tx), let webhook = try await Webhook.find(id, in: tx)
            else { return nil }
            return (bot, webhook)
        }
        return .json(200, WebhookAnswer(bot, webhook, connector.address, reason: reason).json)
    }

    // MARK: Setting and deleting

    @Sendable func put(_ call: Call) async throws -> HTTPResponse {
        let body = try call.body { WebhookBody(&$0, urls: .webhookURL(isDevelopment: isDevelopment)) }
        let bot = try await bot(call)
        return try answer(
            try await connector.setWebhook(
                of: bot.key, to: body.wish, secret: body.secret.map { newSecret($0, bot, call) },
                dropPending: body.dropsPending,
                if: { work in
                    try call.requireMatch(work)
                    if let url = body.wish.url {
                        try work.requireToken().requireIsNotPart(of: url, pointer: "/url")
                    }
                }
            ) { old, new, tx in
                var changes = AuditChanges(from: old, to: new)
                if body.dropsPending { changes.add("drop_pending_updates", to: .bool(true)) }
                try await call.record(
                    AuditEvent(.webhookSet, of: AuditTarget(new.id), changes: changes), in: tx)
            })
    }

    @Sendable func delete(_ call: Call) async throws -> HTTPResponse {
        let bot = try await bot(call)
        let result = try await connector.removeWebhook(of: bot.key, if: call.requireMatch) { old, new, tx in
            try await call.record(
                AuditEvent(
                    .webhookDelete, of: AuditTarget(new.id), changes: AuditChanges(from: old, to: new)),
                in: tx)
        }
        guard result != nil else { throw Problem.notFound }
        return .noContent
    }

    // MARK: What is asked for again

    /// Sets the webhook again as it is wanted, also when nothing seems to be wrong.
    @Sendable func refresh(_ call: Call) async throws -> HTTPResponse {
        let bot = try await bot(call)
        try requireWebhook(of: bot)
        return try await call.writeAsking { _ in
            try answer(
                try await connector.patiently {
                    try await connector.refresh(bot.key, if: call.requireMatch) { bot, tx in
                        try await call.record(AuditEvent(.webhookRefresh, of: AuditTarget(bot.id)), in: tx)
                    }
                })
        }
    }

    /// Makes a new secret. The old one stays valid until Telegram is seen to use the new one, and a little longer.
    @Sendable func rotateSecret(_ call: Call) async throws -> HTTPResponse {
        let bot = try await bot(call)
        return try await call.writeAsking { keepEffect in
            let secret = newSecret(Bot.NewSecrets(token: "").webhookSecret, bot, call) { tx in
                let answer = try await rotating(bot.id, in: tx)
                try await keepEffect(answer, tx)
            }
            return try answer(
                try await connector.setWebhook(
                    of: bot.key, to: nil, secret: secret, if: call.requireMatch
                ) { _, _, _ in })
        }
    }

    /// What is answered when nobody can say how it went on: the reconciler goes on with it.
    private func rotating(_ id: ID<Bot>, in tx: TenantTransaction) async throws -> HTTPResponse {
        guard let bot = try await Bot.find(id, in: tx), let webhook = try await Webhook.find(id, in: tx)
        else { throw Problem.notFound }
        let reason = "The new secret is accepted; Telegram is being given it"
        return .json(200, WebhookAnswer(bot, webhook, connector.address, reason: reason).json)
    }

    /// - Parameter accepted: what else is written when it is accepted.
    private func newSecret(
        _ secret: String, _ bot: Bot, _ call: Call,
        accepted: @escaping (TenantTransaction) async throws -> Void = { _ in }
    ) -> BotConnector.NewSecret {
        BotConnector.NewSecret(secret) { isAccepted, tx in
            if isAccepted { try await accepted(tx) }
            var changes = AuditChanges()
            changes.addSecret("webhook.secret_token")
            try await call.record(
                AuditEvent(
                    .webhookSecretRotate, of: AuditTarget(bot.id), outcome: isAccepted ? .success : .failure,
                    changes: changes), in: tx)
        }
    }

    private func requireWebhook(of bot: Bot) throws {
        guard bot.status == .active else { throw BotConnector.NotActive() }
        guard bot.mode != .polling else { throw BotConnector.Polls() }
    }

    // MARK: The token

    /// Puts a new token of the same bot in, which @BotFather gives out when the old one is revoked.
    @Sendable func putToken(_ call: Call) async throws -> HTTPResponse {
        let text = try call.body { $0.required("token", .secret(upTo: 256)) }
        let bot = try await bot(call)
        guard let token = BotToken(text) else { throw BotConnector.InvalidToken() }
        let profile = try await connector.identify(token)
        guard profile.telegramID == bot.telegramID else {
            throw Problem(
                422, "other_bot", "The token is another bot's",
                errors: [.init(pointer: "/token", code: "other_bot", detail: "is the token of another bot")])
        }
        let result = try await connector.replaceToken(of: bot.key, with: token, profile) { old, new, tx in
            try old.tag.requireMatch(orVariantIn: call.request)
            if let url = new.webhook.url { try token.requireIsNotPart(of: url, pointer: "/token") }
            var changes = AuditChanges()
            changes.addSecret("token")
            changes.add("status", from: old.status.rawValue, to: new.status.rawValue)
            try await call.record(
                AuditEvent(.botTokenReplace, of: AuditTarget(new.id), changes: changes), in: tx)
        }
        guard let (saved, webhook) = result else { throw Problem.notFound }
        let answer = BotAnswer(saved, webhook, connector.address)
        return .resource(answer, answer.tag, for: call.request)
    }

    // MARK: Pieces

    private func bot(_ call: Call) async throws -> Bot {
        let id = try call.id("bot_id", of: Bot.self)
        return try await call.found { tx in try await Bot.find(id, in: tx) }
    }

    private func answer(_ result: (Bot, Webhook)?) throws -> HTTPResponse {
        guard let (bot, webhook) = result else { throw Problem.notFound }
        return .json(200, WebhookAnswer(bot, webhook, connector.address).json)
    }
}
