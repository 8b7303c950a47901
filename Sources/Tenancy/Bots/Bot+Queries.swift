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

    /// Connects a Telegram bot to the transaction's tenant.
    /// - Throws: a violation of `bot_registration_once` when it is connected already, here or elsewhere.
    package static func create(
        telegramID: Int64, username: String?, name: String, mode: Mode, secrets: NewSecrets, box: BotSecrets,
        in tx: TenantTransaction
    ) async throws -> Bot {
        let id = ID<Bot>()
        let token = try box.seal(secrets.token, .token, of: id, tx.tenant)
        let secret = try box.seal(secrets.webhookSecret, .webhookSecret, of: id, tx.tenant)
        let bot = try await tx.first(
            """
            INSERT INTO bot (tenant_id, id, telegram_id, username, name, mode, token_sealed, webhook_secrets)
            VALUES (\(tx.tenant), \(id), \(telegramID), \(username), \(name), \(mode), \(token), \([secret]))
            RETURNING \(columns)
            """, as: Bot.self)
        guard let bot else { throw PostgresError.unexpectedResult("no row from INSERT") }
        try await tx.execute(
            """
            INSERT INTO bot_registration (telegram_id, tenant_id, bot_id) VALUES (\(telegramID), \(tx.tenant), \(id))
            """)
        try await tx.execute("SELECT pg_notify(\(BotDirectoryRefresh.channel), '')")
        return bot
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
