import Platform

extension Bot {
    /// What is stored sealed, in the clear: for the caller's eyes at the moment of making.
    package struct NewSecrets: Sendable {
        package let token: String
        package let webhookSecret: String

        package init(token: String, webhookSecret: String = Base64.encode(Random.bytes(48), .urlSafe)) {
            self.token = token
            self.webhookSecret = webhookSecret
        }
    }

    /// What a bot begins with.
    package struct New: Sendable {
        package var telegramID: Int64
        package var username: String?
        package var name: String
        package var mode: Mode
        package var webhook = WebhookWish()
        package var isAutoRefreshed = true
        package var takesOver = false
        package var takesAdminCommands = false

        package init(telegramID: Int64, username: String?, name: String, mode: Mode) {
            self.telegramID = telegramID
            self.username = username
            self.name = name
            self.mode = mode
        }
    }

    /// Connects a Telegram bot to the transaction's tenant. Nothing is done at Telegram: the reconciler would do it at
    /// the next opportunity, should nobody do it before.
    /// - Throws: a violation of `bot_registration_once` when it is connected already, here or elsewhere; `LimitReached`
    ///   when the tenant has as many bots as it may have.
    package static func create(_ new: New, secrets: NewSecrets, box: BotSecrets, in tx: TenantTransaction)
        async throws -> Bot
    {
        try await requireRoom(in: tx)
        let id = ID<Bot>()
        let token = try box.seal(secrets.token, .token, of: id, tx.tenant)
        let secret = try box.seal(secrets.webhookSecret, .webhookSecret, of: id, tx.tenant)
        let bot = try await tx.first(
            """
            INSERT INTO bot (tenant_id, id, telegram_id, token_last_four, username, name, mode, token_sealed,
                webhook_secrets, webhook_url, max_connections, allowed_updates, auto_refresh, take_over, admin_commands)
            VALUES (\(tx.tenant), \(id), \(new.telegramID), \(String(secrets.token.suffix(4))), \(new.username),
                \(new.name), \(new.mode), \(token), \([secret]), \(new.webhook.url),
                \(new.webhook.maxConnections.map { Int32($0) }), \(new.webhook.allowedUpdates),
                \(new.isAutoRefreshed), \(new.takesOver), \(new.takesAdminCommands))
            RETURNING \(columns)
            """, as: Bot.self)
        guard let bot else { throw PostgresError.unexpectedResult("no row from INSERT") }
        try await tx.execute(
            """
            INSERT INTO bot_registration (telegram_id, tenant_id, bot_id)
            VALUES (\(new.telegramID), \(tx.tenant), \(id))
            """)
        try await tx.execute("INSERT INTO bot_webhook (tenant_id, bot_id) VALUES (\(tx.tenant), \(id))")
        try await announce(in: tx)
        return bot
    }

    /// Whether any tenant has connected this Telegram bot: for refusing early. What decides is
    /// `bot_registration_once`.
    package static func isRegistered(_ telegramID: Int64, in tx: PlatformTransaction) async throws -> Bool {
        try await tx.value(
            "SELECT EXISTS (SELECT FROM bot_registration WHERE telegram_id = \(telegramID))", as: Bool.self)
            ?? false
    }

    package static func all(in tx: TenantTransaction) async throws -> [Bot] {
        try await tx.all(
            """
            SELECT \(columns) FROM bot WHERE tenant_id = \(tx.tenant) AND status <> 'deleted' ORDER BY id
            """, as: Bot.self)
    }

    /// The bot's token and newest webhook secret, opened.
    package func secrets(box: BotSecrets, in tx: TenantTransaction) async throws -> NewSecrets? {
        struct Sealed: RowDecodable {
            let token: [UInt8]?
            let webhookSecrets: [[UInt8]]
            init(row: inout Row) throws {
                token = try row.next()
                webhookSecrets = try row.next()
            }
        }
        let sealed = try await tx.first(
            """
            SELECT token_sealed, webhook_secrets FROM bot WHERE tenant_id = \(tx.tenant) AND id = \(id)
            """, as: Sealed.self)
        guard let token = sealed?.token, let secret = sealed?.webhookSecrets.first else { return nil }
        return NewSecrets(
            token: try box.open(token, .token, of: id, tenant),
            webhookSecret: try box.open(secret, .webhookSecret, of: id, tenant))
    }
}
