import Platform

extension Consumer {
    /// Makes a push consumer that begins at the end of the log. `signingSecret` is stored sealed and must be shown
    /// to the tenant now, or never.
    package static func createPush(
        of bot: ID<Bot>, name: String, url: String, signingSecret: String, telegramSecret: String?,
        box: ConsumerSecrets, in tx: TenantTransaction
    ) async throws -> Consumer {
        let id = ID<Consumer>()
        let signing = try box.seal(signingSecret, .signing, of: id, tx.tenant)
        let telegram = try telegramSecret.map { try box.seal($0, .telegramSecret, of: id, tx.tenant) }
        let consumer = try await tx.first(
            """
            INSERT INTO consumer (tenant_id, id, bot_id, type, name, url, secrets_sealed, telegram_secret_sealed)
            VALUES (\(tx.tenant), \(id), \(bot), 'push', \(name), \(url), \([signing]), \(telegram))
            RETURNING \(columns)
            """, as: Consumer.self)
        guard let consumer else { throw PostgresError.unexpectedResult("no row from INSERT") }
        try await tx.execute(
            """
            INSERT INTO consumer_cursor (tenant_id, consumer_id, position, express_position)
            SELECT \(tx.tenant), \(id), coalesce(max(position), 0), coalesce(max(position), 0) FROM update_log
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot)
            """)
        return consumer
    }

    package static func all(of bot: ID<Bot>, in tx: TenantTransaction) async throws -> [Consumer] {
        try await tx.all(
            """
            SELECT \(columns) FROM consumer WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot) ORDER BY id
            """, as: Consumer.self)
    }

    /// The newest signing secret, opened.
    package func signingSecret(box: ConsumerSecrets, in tx: TenantTransaction) async throws -> String? {
        let sealed = try await tx.first(
            """
            SELECT secrets_sealed FROM consumer WHERE tenant_id = \(tx.tenant) AND id = \(id)
            """, as: SealedSecrets.self)
        return try sealed?.secrets.first.map { try box.open($0, .signing, of: id, bot.tenant) }
    }

    /// Points the consumer elsewhere.
    package func setURL(_ url: String, in tx: TenantTransaction) async throws {
        try await tx.execute(
            """
            UPDATE consumer SET url = \(url), updated_at = now() WHERE tenant_id = \(tx.tenant) AND id = \(id)
            """)
    }
}

private struct SealedSecrets: RowDecodable {
    let secrets: [[UInt8]]
    init(row: inout Row) throws { secrets = try row.next() }
}
