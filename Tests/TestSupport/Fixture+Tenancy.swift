import Platform
import Tenancy

extension Fixture {
    package func tenant(_ name: String = "Nest", limits: TenantLimits = .none) async throws -> Tenant {
        try await Tenant.create(name: name, limits: limits, in: database)
    }

    /// - Parameter secret: the webhook secret.
    package func bot(in tenant: Tenant, secret: String = "crow") async throws -> Bot {
        let telegramID = nextTelegramID()
        return try await database.write(tenant.id) { tx in
            try await Bot.create(
                telegramID: telegramID, username: "bot_\(telegramID)", name: "Bot", mode: .webhook,
                secrets: Bot.NewSecrets(token: "\(telegramID):test", webhookSecret: secret), box: self.bots,
                in: tx)
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
