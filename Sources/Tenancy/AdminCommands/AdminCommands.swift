import Platform

/// Answers a tenant's admins who write to one of its bots. One on each event loop; for bots that have it switched on.
///
/// An update is looked at before it is logged (`order`), logged as kind `admin_command`, which no consumer gets, and
/// then answered, which nobody waits for. What a crash leaves unanswered is asked again by the admin.
package actor AdminCommands {
    /// A command that is to be answered.
    package struct Order: Sendable {
        let bot: BotKey
        let message: AdminMessage
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
    package nonisolated(nonsending) func order(in update: NewUpdate) async throws -> Order? {
        guard update.head.kind == "message", let message = AdminMessage(reading: update.payload) else {
            return nil
        }
        let isCommand = try await database.read(update.tenant) { tx in
            switch message.command {
            case .webhookStatus: try await TelegramLink.find(user: message.sender, in: tx) != nil
            case .link(let code):
                if let code = LinkCode(code) {
                    try await TelegramLink.isOffered(code, in: tx)
                } else {
                    false
                }
            }
        }
        return isCommand ? Order(bot: update.key, message: message) : nil
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
        let (box, record, message) = (secrets, record, order.message)
        let found = try await database.write(order.bot.tenant) { tx -> (Bot, Webhook, String, String?)? in
            guard let bot = try await Bot.find(order.bot.bot, in: tx),
                let webhook = try await Webhook.find(bot.id, in: tx),
                let token = try await bot.secrets(box: box, in: tx)?.token
            else { return nil }
            guard case .link(let text) = message.command else { return (bot, webhook, token, nil) }
            guard let code = LinkCode(text),
                let link = try await TelegramLink.make(
                    with: code, user: message.sender, through: bot.id, in: tx)
            else { return (bot, webhook, token, "The code is not valid any more. Ask for a new one.") }
            try await record(link, tx)
            return (bot, webhook, token, "Your Telegram account is linked. Try /webhook_status.")
        }
        guard let (bot, webhook, text, reply) = found, let token = BotToken(text) else { return nil }
        if let reply { return (reply, token) }
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
