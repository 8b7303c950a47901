import Platform

/// Answers a tenant's admins who write to one of its bots. One on each event loop; for bots that have it switched on.
///
/// An update is looked at before it is logged (`order`), logged as kind `admin_command`, which no consumer gets, and
/// then answered, which nobody waits for. What a crash leaves unanswered is asked again by the admin. A code for a link
/// is used up before it is in the log.
package actor AdminCommands {
    /// A command that is to be answered.
    package struct Order: Sendable {
        let bot: BotKey
        let message: AdminMessage
        let isLinked: Bool
    }

    /// Answers under way; what is above it is not answered.
    private static let capacity = 50

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private let secrets: BotSecrets
    private let telegram: BotAPIClient
    private let scheduler: SendScheduler
    private let record: @Sendable (TelegramLink, TenantTransaction) async throws -> Void
    private let logger: Logger
    private var underWay = 0

    /// - Parameters:
    ///   - telegram: over a client of this event loop.
    ///   - record: notes a new link in the audit trail, in its transaction.
    package init(
        loop: EventLoop, database: Database, secrets: BotSecrets, telegram: BotAPIClient,
        scheduler: SendScheduler, logger: Logger,
        record: @escaping @Sendable (TelegramLink, TenantTransaction) async throws -> Void
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
        self.secrets = secrets
        self.telegram = telegram
        self.scheduler = scheduler
        self.logger = logger
        self.record = record
    }

    /// What an update of a bot that takes commands asks for: the status, when an admin's linked account sent it, or a
    /// link, with a code that is good.
    /// - Returns: nil for an ordinary update.
    package nonisolated func order(in update: NewUpdate) async throws -> Order? {
        guard update.head.kind == "message", let message = AdminMessage(reading: update.payload) else {
            return nil
        }
        switch message.command {
        case .webhookStatus:
            let link = try await database.read(update.tenant) { tx in
                try await TelegramLink.find(user: message.sender, in: tx)
            }
            return link == nil ? nil : Order(bot: update.key, message: message, isLinked: false)
        case .link(let text):
            guard let code = LinkCode(text), try await link(message.sender, by: code, update.key) else {
                return nil
            }
            return Order(bot: update.key, message: message, isLinked: true)
        }
    }

    /// - Returns: false, with nothing changed, when the code is not good.
    private nonisolated func link(_ user: Int64, by code: LinkCode, _ bot: BotKey) async throws
        -> Bool
    {
        // Nearly always it is not.
        let isOffered = try await database.read(bot.tenant) { tx in
            try await TelegramLink.isOffered(code, in: tx)
        }
        guard isOffered else { return false }
        return try await database.write(bot.tenant) { tx in
            guard let link = try await TelegramLink.make(with: code, user: user, through: bot.bot, in: tx)
            else { return false }
            try await record(link, tx)
            return true
        }
    }

    /// Does and answers what was asked, once the update is in the log.
    package func carryOut(_ order: Order) {
        guard underWay < Self.capacity else {
            return logger.warning("an admin's command is not answered", ["bot": "\(order.bot.bot)"])
        }
        underWay += 1
        // Ends by itself: all it calls have time-outs.
        Task(executorPreference: loop) {
            await self.answer(order)
            await self.answered()
        }
    }

    private func answered() { underWay -= 1 }

    private func answer(_ order: Order) async {
        do {
            guard let (text, token) = try await reply(to: order) else { return }
            var json = JSONWriter()
            json.object { $0.field("text", text) }
            _ = try await scheduler.send("sendMessage", to: order.message.chat, json.bytes, token: token)
        } catch {
            logger.warning(
                "an admin's command could not be answered",
                ["bot": "\(order.bot.bot)", "error": "\(error)"])
        }
    }

    private func reply(to order: Order) async throws -> (text: String, token: BotToken)? {
        let box = secrets
        let found = try await database.read(order.bot.tenant) { tx -> (Bot, Webhook, String)? in
            guard let bot = try await Bot.find(order.bot.bot, in: tx),
                let webhook = try await Webhook.find(bot.id, in: tx),
                let token = try await bot.secrets(box: box, in: tx)?.token
            else { return nil }
            return (bot, webhook, token)
        }
        guard let (bot, webhook, text) = found, let token = BotToken(text) else { return nil }
        if order.isLinked { return ("Your Telegram account is linked. Try /webhook_status.", token) }
        // What was seen last will do when Telegram does not answer.
        let info = try? await telegram.getWebhookInfo(token: token)
        return (WebhookStatusText(bot, webhook, info).text, token)
    }
}

extension NewUpdate {
    /// The same as a command for the platform, which is logged and not delivered.
    package var asAdminCommand: NewUpdate {
        NewUpdate(
            tenant: tenant, bot: bot, head: head.ofKind(UpdateKind.adminCommand), receivedAt: receivedAt,
            payload: payload)
    }
}
