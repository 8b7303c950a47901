import Platform
import Tenancy

extension Fixture {
    package func tenant(_ name: String = "Nest", limits: TenantLimits = .none) async throws -> Tenant {
        try await Tenant.create(name: name, limits: limits, in: database)
    }

    /// A bot whose webhook is set, as far as the platform knows, and not to be looked at for a day.
    /// - Parameter secret: the webhook secret.
    package func bot(in tenant: Tenant, secret: String = "crow", mode: Bot.Mode = .webhook) async throws
        -> Bot
    {
        let telegramID = nextTelegramID()
        let token = "\(telegramID):\(String(repeating: "t", count: 35))"
        return try await database.write(tenant.id) { tx in
            let bot = try await Bot.create(
                Bot.New(telegramID: telegramID, username: "bot_\(telegramID)", name: "Bot", mode: mode),
                secrets: Bot.NewSecrets(token: token, webhookSecret: secret), box: self.bots, in: tx)
            try await tx.execute(
                """
                UPDATE bot SET transport = \(mode == .polling ? Bot.Transport.none : .webhook)
                WHERE tenant_id = \(tx.tenant) AND id = \(bot.id)
                """)
            try await tx.execute(
                """
                UPDATE bot_webhook SET next_check_at = now() + interval '1 day'
                WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot.id)
                """)
            return try await Bot.find(bot.id, in: tx) ?? bot
        }
    }

    /// A push consumer.
    package func consumer(
        of bot: Bot, url: String, signingSecret: String = WebhookSigner.makeSecret(),
        telegramSecret: String? = nil
    ) async throws -> Consumer {
        try await database.write(bot.tenant) { tx in
            try await Consumer.createPush(
                of: bot.id, name: "Receiver", url: url, signingSecret: signingSecret,
                telegramSecret: telegramSecret, box: self.consumers, in: tx)
        }
    }

    /// A message as Telegram sends it, not yet in the log.
    package func message(
        _ updateID: Int64, chat: Int64 = 1, text: String = "hello", to bot: Bot
    ) throws -> NewUpdate {
        try update(
            #"{"update_id":\#(updateID),"message":{"message_id":1,"date":1,"chat":{"id":\#(chat),"type":"private"},"text":"\#(text)"}}"#,
            to: bot)
    }

    package func update(_ json: String, to bot: Bot) throws -> NewUpdate {
        let payload = Array(json.utf8)
        return NewUpdate(
            tenant: bot.tenant, bot: bot.id, head: try UpdateHead(parsing: payload), receivedAt: .now,
            payload: payload)
    }

    /// - Parameter deliveries: told of what is appended; none when not given.
    package func appender(deliveries: Deliveries? = nil) -> UpdateAppender {
        UpdateAppender(
            loop: loop, database: database, turns: AppendTurns(), metrics: metrics,
            deliveries: deliveries ?? Deliveries([], leases: ShardLeases()))
    }
}
