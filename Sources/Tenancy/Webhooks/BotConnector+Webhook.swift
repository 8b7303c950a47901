import Platform

/// What a bot's owner does about its webhook. Telegram is asked first: what it refuses is not stored.
extension BotConnector {
    /// The bot polls: it has no webhook to be changed.
    package struct Polls: Error { package init() {} }
    /// The bot's token is revoked, or the bot refused, by Telegram.
    package struct NotActive: Error { package init() {} }
    /// There is no address that a webhook could point at.
    package struct NoPublicAddress: Error { package init() {} }

    /// Notes, in the transaction that writes it, what has changed.
    package typealias Record = (_ before: Bot, _ after: Bot, TenantTransaction) async throws -> Void

    /// A new webhook secret, and what notes it: when it is accepted, and when it is taken back, since Telegram refused
    /// the webhook. A rotation takes the one before instead while Telegram may not have been given that.
    package struct NewSecret {
        let secret: String
        let record: (_ isAccepted: Bool, TenantTransaction) async throws -> Void

        package init(
            _ secret: String, record: @escaping (_ isAccepted: Bool, TenantTransaction) async throws -> Void
        ) {
            self.secret = secret
            self.record = record
        }
    }

    /// Long enough for every node to know of a bot's new secret: they are told at once, and look each second.
    private static let spreading = Duration.seconds(2)

    /// Sets the webhook anew.
    /// - Parameters:
    ///   - wish: nil for what it is now: with a secret, a rotation.
    ///   - secret: accepted beside the present ones, until Telegram is seen to use it; nil for the present one.
    ///   - dropPending: forget what waits at Telegram.
    /// - Returns: nil when the tenant has no such bot.
    /// - Throws: `Polls`, `NotActive`, `NoPublicAddress`, `WebhookConflict`, `BotAPIError`, `HTTPClientError`,
    ///   `BotWork.Busy`: then nothing has changed, but for what Telegram may have done without an answer.
    package func setWebhook(
        of key: BotKey, to wish: WebhookWish?, secret: NewSecret? = nil, dropPending: Bool = false,
        if condition: Condition = { _ in }, record: Record
    ) async throws -> (Bot, Webhook)? {
        var failure: (any Error)?
        let result = try await work(on: key, if: condition) { work in
            let before = work
            let wanted = try wants(wish, of: &work)
            var done = Done()
            if wanted == .webhook, let host = try await foreignHost(work) {
                guard work.bot.takesOver else { throw WebhookConflict(host: host) }
                done.events.append(.takenOver(host: host))
            }
            let secret = secret.flatMap { $0.secret == work.secrets.first ? nil : $0 }
            let isAdded =
                if let secret {
                    try await accept(secret, &work, isRotation: wish == nil, isInUse: wanted == .webhook)
                } else { false }
            if wanted == .webhook { try await noteURL(work) }
            do {
                if wanted == .webhook || wanted != work.bot.transport {
                    try await realign(&work, dropPending: dropPending)
                }
            } catch {
                failure = error
                return try await giveUp(&work, before, error, secret, isAdded: isAdded)
            }
            let wish = work.bot.webhook
            try await write(work, record) { $0.webhook = wish }
            return done
        }
        if let failure { throw failure }
        return result
    }

    /// Checks whether the bot can have the webhook, and has `work` want it.
    private func wants(_ wish: WebhookWish?, of work: inout BotWork) throws -> Bot.Transport {
        guard work.bot.status == .active else { throw NotActive() }
        guard work.bot.mode != .polling else { throw Polls() }
        if let wish {
            work.bot.webhook = wish
            // Its owner has said so: the webhook gets another trial.
            work.webhook.endFallback()
        }
        let wanted = wanted(work)
        try requireAddress(for: work.bot)
        return wanted
    }

    /// - Throws: `NoPublicAddress` when the bot is to have a webhook and can have none.
    package func requireAddress(for bot: Bot) throws {
        guard bot.status == .active, bot.webhook.isEnabled else { return }
        if address.wantedTransport(of: bot, isFallenBack: false) == .none { throw NoPublicAddress() }
    }

    /// Before Telegram has it, so that it is known for ours whatever becomes of this piece of work.
    private func noteURL(_ work: BotWork) async throws {
        guard let url = address.webhookURL(of: work.bot), url != work.webhook.url else { return }
        try await database.write(work.key.tenant) { tx in try await work.note(url: url, in: tx) }
    }

    /// - Returns: whether it is one more; a rotation that nobody knows the end of is only gone on with.
    private func accept(
        _ secret: NewSecret, _ work: inout BotWork, isRotation: Bool, isInUse: Bool
    ) async throws -> Bool {
        let held = work
        // The only one there is may be in use though it was never noted.
        let isUnsettled = work.webhook.secretSetAt == nil && work.secrets.count > 1
        let isAdded = !(isRotation && isUnsettled)
        try await database.write(held.key.tenant) { tx in
            let bot = try await held.hold(in: tx)
            if isAdded { try await bot.addWebhookSecret(secret.secret, box: secrets, in: tx) }
            try await secret.record(true, tx)
        }
        if isAdded {
            work.secrets.insert(secret.secret, at: 0)
            work.webhook.secretSetAt = nil
            work.webhook.secretSeenAt = nil
        }
        if isInUse { try await loop.sleep(for: Self.spreading) }
        return isAdded
    }

    /// Telegram has refused, or given no answer. In the second case it may have done what was asked: the secret stays
    /// valid, the URL is known for ours, and the reconciler looks.
    private func giveUp(
        _ work: inout BotWork, _ before: BotWork, _ error: any Error, _ secret: NewSecret?,
        isAdded: Bool
    ) async throws -> Done {
        let tried = address.webhookURL(of: work.bot)
        work = before
        guard error.isTelegramAway else {
            if let secret {
                try await database.write(before.key.tenant) { tx in
                    let bot = try await before.hold(in: tx)
                    if isAdded { try await bot.removeNewestWebhookSecret(in: tx) }
                    try await secret.record(false, tx)
                }
            }
            // Of the bot itself: `work` writes it down.
            if let error = error as? BotAPIError, error.bot != nil { throw error }
            return Done()
        }
        work.webhook.url = tried ?? before.webhook.url
        if isAdded { work.webhook.secretSetAt = nil }
        work.leaveForLater(error)
        return Done()
    }

    /// Deletes the webhook at Telegram, unless it is somebody else's, and wants none from now on.
    /// - Returns: nil when the tenant has no such bot.
    /// - Throws: as `setWebhook`
    package func removeWebhook(
        of key: BotKey, if condition: Condition = { _ in }, record: Record
    ) async throws -> (Bot, Webhook)? {
        try await work(on: key, if: condition) { work in
            guard work.bot.mode != .polling else { return Done() }
            if work.bot.status == .active { try await deleteOurs(&work) }
            work.webhook.deleted()
            work.webhook.reason = "The webhook was deleted"
            work.webhook.endFallback()
            work.bot.transport = .none
            work.bot.webhook.isEnabled = false
            try await write(work, record) { $0.webhook.isEnabled = false }
            return Done()
        }
    }

    /// Where the bot's webhook points when that is somebody else's.
    func foreignHost(_ work: BotWork) async throws -> String? {
        let token = try work.requireToken()
        let info = try await patiently { try await telegram.getWebhookInfo(token: token) }
        return address.foreignHost(of: info.url, bot: work.bot, lastSet: work.webhook.url)
    }

    func deleteOurs(_ work: inout BotWork) async throws {
        let token = try work.requireToken()
        guard try await foreignHost(work) == nil else { return }
        work.isTouched = true
        _ = try await patiently { try await telegram.deleteWebhook(token: token) }
    }

    /// Writes what is wanted from now on.
    private func write(
        _ work: BotWork, _ record: Record, _ change: (inout Bot) -> Void
    ) async throws {
        try await database.write(work.key.tenant) { tx in
            let before = try await work.hold(in: tx)
            var after = before
            change(&after)
            after = try await after.save(in: tx)
            try await record(before, after, tx)
        }
    }
}
