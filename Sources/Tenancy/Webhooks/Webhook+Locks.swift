import Platform

extension Webhook {
    /// Locks the rows of several bots until the transaction ends, in the order of their keys. Whoever changes more than
    /// one does so before: two that came to the same rows in different orders would wait for each other. Bots that are
    /// to be locked, too, are locked in the same order, before.
    static func lock(_ bots: [BotKey], in tx: some DatabaseTransaction) async throws {
        try await tx.execute(
            """
            SELECT FROM bot_webhook
            WHERE (tenant_id, bot_id) IN (SELECT * FROM unnest(\(bots.map(\.tenant)), \(bots.map(\.bot))))
            ORDER BY tenant_id, bot_id FOR NO KEY UPDATE
            """)
    }
}
