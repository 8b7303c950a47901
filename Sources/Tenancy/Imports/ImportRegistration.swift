import Platform

/// Connects one bot of an import, in the same steps as `POST /v1/bots`.
struct ImportRegistration: Sendable {
    /// A bot is given up after so many tries.
    private static let attempts = 20
    /// After another master key was found to be needed.
    private static let sealedWait = Duration.seconds(900)

    let database: Database
    let connector: BotConnector
    let secrets: ImportSecrets

    /// The token cannot be opened: it was sealed with another master key.
    struct SealedToken: Error {}
    private struct Cancelled: Error {}

    func claim(_ key: BotImportItem.Key) async throws -> ImportAttempt? {
        try await database.write(key.tenant) { tx in
            try await ImportAttempt.claim(key, secrets: secrets, in: tx)
        }
    }

    /// - Throws: when it is not connected; then `fail`.
    func connect(_ attempt: ImportAttempt) async throws {
        do {
            let bot = if let bot = attempt.bot { bot } else { try await store(attempt) }
            try await settle(BotKey(tenant: attempt.key.tenant, bot: bot))
            try await end(attempt, nil)
        } catch is Cancelled {}
    }

    private func store(_ attempt: ImportAttempt) async throws -> ID<Bot> {
        guard let token = attempt.token else { throw SealedToken() }
        let examined = try await connector.examine(
            token, takesOver: attempt.settings.takesOver, isPatient: false)
        let new = attempt.settings.applied(to: examined.bot(name: attempt.name, mode: attempt.settings.mode))
        return try await database.write(attempt.key.tenant) { tx in
            let bot = try await Bot.create(
                new, secrets: Bot.NewSecrets(token: token.secret), box: connector.secrets, in: tx)
            try connector.requireAddress(for: bot)
            guard try await attempt.stored(bot.id, in: tx) else { throw Cancelled() }
            try await connector.events.record(.imported(attempt.key.batch), bot, tx)
            if let host = examined.foreignHost {
                try await connector.events.record(.takenOver(host: host), bot, tx)
            }
            return bot.id
        }
    }

    private func settle(_ key: BotKey) async throws {
        do {
            try await connector.settle(key)
        } catch let error as BotAPIError where error.bot != nil {
            // Refused since: its status says so.
        } catch is BotWork.Busy {
            // The reconciler has found it first.
        }
    }

    /// Has it tried again later, or ends it; a bot whose webhook Telegram refuses is not kept.
    func fail(_ attempt: ImportAttempt, _ error: any Error) async throws {
        // Our fault, which can be mended: nothing is given up.
        if error is SealedToken {
            return try await database.write(attempt.key.tenant) { tx in
                try await attempt.tryAgain(in: Self.sealedWait, isCounted: false, in: tx)
            }
        }
        if let wait = wait(after: error, attempt.attempts) {
            return try await database.write(attempt.key.tenant) { tx in
                try await attempt.tryAgain(in: wait, in: tx)
            }
        }
        try await end(attempt, BotImportItem.Fault(error))
    }

    private func end(_ attempt: ImportAttempt, _ fault: BotImportItem.Fault?) async throws {
        try await database.write(attempt.key.tenant) { tx in
            try await attempt.lockImport(in: tx)
            if fault != nil, let bot = try await attempt.botMade(in: tx) {
                try await bot.delete(in: tx)
                try await connector.events.record(.importUndone, bot, tx)
            }
            try await attempt.end(fault, in: tx)
        }
    }

    /// - Returns: nil when trying again is of no use.
    private func wait(after error: any Error, _ attempts: Int) -> Duration? {
        guard error.isTelegramAway || error is PostgresError || error is BotWork.Busy,
            !((error as? PostgresError)?.violates("bot_registration_once") ?? false),
            attempts < Self.attempts
        else { return nil }
        let asked = (error as? BotAPIError)?.retryAfter ?? .zero
        let own = min(900.0, 15 * Double(1 << min(attempts - 1, 6))) * Double.random(in: 0.5...1)
        return asked > .zero ? asked + .milliseconds(Int.random(in: 0...1000)) : .seconds(own)
    }
}

extension ImportAttempt {
    /// The bot that this try or an earlier one has stored.
    fileprivate func botMade(in tx: TenantTransaction) async throws -> Bot? {
        let id = try await tx.value(
            """
            SELECT bot_id FROM bot_import_item
            WHERE tenant_id = \(tx.tenant) AND import_id = \(key.batch) AND place = \(Int32(key.place))
                AND status = 'waiting' AND bot_id IS NOT NULL
            """, as: ID<Bot>.self)
        guard let id else { return nil }
        return try await Bot.locked(id, in: tx)
    }
}

extension BotImportItem.Fault {
    /// In the words of the API's problems.
    init(_ error: any Error) {
        switch error {
        case is BotConnector.InvalidToken:
            self.init(code: "invalid_token", detail: "Telegram knows no bot with this token")
        case is BotConnector.AlreadyRegistered: self = .alreadyRegistered
        case let error as PostgresError where error.violates("bot_registration_once"):
            self = .alreadyRegistered
        case let conflict as WebhookConflict:
            self.init(
                code: "webhook_conflict",
                detail: "The bot's webhook points at \(conflict.host); take_over replaces it")
        case let error as Bot.LimitReached: self.init(code: "limit_reached", detail: "\(error)")
        case is BotConnector.NoPublicAddress:
            self.init(
                code: "no_public_address",
                detail: "There is no address that a webhook could point at (ROOKERY_PUBLIC_URL)")
        case let error as BotAPIError where error.bot != nil:
            self.init(code: "bot_not_active", detail: "Telegram refuses the bot: \(error.message)")
        case let error as BotAPIError where !error.isTelegramAway:
            self.init(code: "telegram_refused", detail: error.message)
        case let error where error.isTelegramAway:
            self.init(
                code: "telegram_unavailable",
                detail: "Telegram could not be asked, however often it was tried")
        default: self.init(code: "internal_error", detail: "Something went wrong here")
        }
    }

    private static let alreadyRegistered = BotImportItem.Fault(
        code: "bot_already_registered", detail: "This bot is connected already")
}
