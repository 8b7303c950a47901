import Auth
import Platform
import Tenancy

/// `/v1/bots`.
struct Bots {
    let connector: BotConnector
    let isDevelopment: Bool

    // MARK: Reading

    @Sendable func list(_ call: Call) async throws -> HTTPResponse {
        let query = try call.list()
        let last = try query.after(Bot.self)
        let (bots, webhooks) = try await call.read { tx in
            let bots = try await Bot.page(after: last, limit: query.limit + 1, in: tx)
            return (bots, try await Webhook.find(bots.map(\.id), in: tx))
        }
        return query.answer(
            bots.map { BotAnswer($0, webhooks[$0.id], connector.address) }, key: \.bot.id.description)
    }

    @Sendable func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("bot_id", of: Bot.self)
        let answer = try await stored(id, call)
        return .resource(answer, answer.tag, for: call.request)
    }

    private func stored(_ id: ID<Bot>, _ call: Call) async throws -> BotAnswer {
        let (bot, webhook) = try await call.found { tx -> (Bot, Webhook?)? in
            guard let bot = try await Bot.find(id, in: tx) else { return nil }
            return (bot, try await Webhook.find(id, in: tx))
        }
        return BotAnswer(bot, webhook, connector.address)
    }

    // MARK: Connecting

    /// Stores the bot once Telegram has said whose token it is, and then has its updates come in.
    @Sendable func create(_ call: Call) async throws -> HTTPResponse {
        let new = try call.body { NewBot(&$0, urls: .webhookURL(isDevelopment: isDevelopment)) }
        guard let token = BotToken(new.token) else { throw BotConnector.InvalidToken() }
        if let url = new.webhook.wish.url { try token.requireIsNotPart(of: url, pointer: "/webhook/url") }
        return try await call.writeAsking { keepEffect in
            let examined = try await connector.examine(
                token, takesOver: new.takesOver, webhookURL: new.webhook.wish.url)
            let made = try await call.write(in: call.tenant) { tx in
                let bot = try await Bot.create(
                    new.applied(to: examined), secrets: new.secrets(token), box: connector.secrets, in: tx)
                try connector.requireAddress(for: bot)
                try await call.record(.created(bot), in: tx)
                if let host = examined.foreignHost {
                    try await call.record(AuditEvent(.takenOver(host: host), of: bot), in: tx)
                }
                try await keepEffect(created(BotAnswer(bot, nil, connector.address)), tx)
                return bot
            }
            return try await connect(made, dropPending: new.webhook.dropsPending, call)
        }
    }

    private func connect(_ bot: Bot, dropPending: Bool, _ call: Call) async throws -> HTTPResponse {
        do {
            try await connector.settle(bot.key, dropPending: dropPending)
        } catch let error as BotAPIError where error.bot == nil {
            // Telegram will not have it so: as if nothing had been asked.
            try await call.write(in: bot.tenant) { tx in
                guard let bot = try await Bot.locked(bot.id, in: tx) else { return }
                try await bot.delete(in: tx)
                try await call.record(.deleted(bot), in: tx)
            }
            throw error
        } catch is BotAPIError {
            // Refused since: its status says so.
        } catch is BotWork.Busy {
            // The reconciler has found it first.
        }
        return created(try await stored(bot.id, call))
    }

    private func created(_ answer: BotAnswer) -> HTTPResponse {
        .created(answer, at: "/v1/bots/\(answer.bot.id)", answer.tag)
    }

    // MARK: Changing

    /// Another mode is brought about at Telegram before this answers. When Telegram cannot be asked, it is as soon as it
    /// can; when it refuses, the mode is as it was.
    @Sendable func update(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("bot_id", of: Bot.self)
        let patch = try call.patch(BotPatch.init)
        var switched: (old: Bot, new: Bot)?
        _ = try await call.write { tx in
            guard let old = try await Bot.locked(id, in: tx) else { throw Problem.notFound }
            try old.tag.requireMatch(orVariantIn: call.request)
            let new = patch.applied(to: old)
            if new.mode != old.mode {
                try connector.requireAddress(for: new)
                switched = (old, new)
            }
            try await save(new, over: old, call, in: tx)
            return .noContent
        }
        if let switched { try await switchMode(switched, call) }
        let answer = try await stored(id, call)
        return .resource(answer, answer.tag, for: call.request)
    }

    private func save(_ new: Bot, over old: Bot, _ call: Call, in tx: TenantTransaction) async throws {
        let changes = AuditChanges(from: old, to: new)
        guard !changes.isEmpty else { return }
        _ = try await new.save(in: tx)
        if new.mode != old.mode || new.takesOver && !old.takesOver {
            try await Webhook.expedite(new.id, in: tx)
        }
        try await call.record(AuditEvent(.botUpdate, of: AuditTarget(new.id), changes: changes), in: tx)
    }

    private func switchMode(_ change: (old: Bot, new: Bot), _ call: Call) async throws {
        do {
            try await connector.settle(change.new.key, isExamined: false)
        } catch let error where error.isRefusal {
            try await call.write(in: change.new.tenant) { tx in
                guard let now = try await Bot.locked(change.new.id, in: tx), now.mode == change.new.mode
                else { return }
                var back = now
                back.mode = change.old.mode
                back.webhook.isEnabled = change.old.webhook.isEnabled
                try await save(back, over: now, call, in: tx)
            }
            throw error
        } catch is BotAPIError {
            // Refused since: its status says so.
        } catch is BotWork.Busy {
            // The reconciler is at it.
        } catch is BotConnector.SealedToken {
            // Nothing can be done at Telegram before there is another.
        }
    }

    // MARK: Removing

    /// Deletes the webhook at Telegram, then the bot.
    @Sendable func delete(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("bot_id", of: Bot.self)
        let bot = try await call.found { tx in try await Bot.find(id, in: tx) }
        let isDeleted = try await connector.disconnect(bot.key, if: call.requireMatch) { bot, tx in
            try bot.tag.requireMatch(orVariantIn: call.request)
            try await call.record(.deleted(bot), in: tx)
        }
        guard isDeleted else { throw Problem.notFound }
        return .noContent
    }
}

extension Call {
    /// Compares the version that an If-Match names with that of the bot.
    /// - Throws: `Problem` 412
    func requireMatch(_ work: BotWork) throws { try work.bot.tag.requireMatch(orVariantIn: request) }
}

extension Error {
    /// Whether what was asked cannot be: Telegram says so, or somebody else has the webhook.
    fileprivate var isRefusal: Bool {
        if let error = self as? BotAPIError { return error.bot == nil }
        return self is WebhookConflict
    }
}

private struct BotPatch {
    let name: String?
    let mode: Bot.Mode?
    let isAutoRefreshed: Bool?
    let takesOver: Bool?
    let takesAdminCommands: Bool?

    init?(_ body: inout RequestBody) {
        name = body.patch("name", .text(1...200))
        mode = body.patch("mode", .choice)
        isAutoRefreshed = body.patch("auto_refresh", .boolean)
        takesOver = body.patch("take_over", .boolean)
        takesAdminCommands = body.patch("admin_commands", .boolean)
    }

    func applied(to bot: Bot) -> Bot {
        var new = bot
        if let name { new.name = name }
        if let mode, mode != bot.mode {
            new.mode = mode
            // One that was deleted is wanted again.
            new.webhook.isEnabled = true
        }
        if let isAutoRefreshed { new.isAutoRefreshed = isAutoRefreshed }
        if let takesOver { new.takesOver = takesOver }
        if let takesAdminCommands { new.takesAdminCommands = takesAdminCommands }
        return new
    }
}
