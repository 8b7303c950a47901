import Platform

extension Consumer {
    /// Makes a push consumer that begins at the end of the log, with everything else as it usually is.
    package static func createPush(
        of bot: ID<Bot>, name: String, url: String, signingSecret: String, telegramSecret: String?,
        box: ConsumerSecrets, in tx: TenantTransaction
    ) async throws -> Consumer {
        var new = New.push(to: url, name: name, signingSecret: signingSecret)
        new.telegramSecret = telegramSecret
        return try await create(new, of: bot, box: box, in: tx)
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
