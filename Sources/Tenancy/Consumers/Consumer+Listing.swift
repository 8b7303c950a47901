import Platform

/// A consumer, and how far it has come: everything up to `cursor` is settled.
package struct ConsumerStanding: Sendable, RowDecodable {
    package let consumer: Consumer
    package let cursor: Int64

    package init(row: inout Row) throws {
        consumer = try Consumer(row: &row)
        cursor = try row.next()
    }
}

extension Consumer {
    /// Newest first.
    package static func page(
        of bot: ID<Bot>, after last: ID<Consumer>?, limit: Int, in tx: TenantTransaction
    ) async throws -> [ConsumerStanding] {
        let rest: SQL = last.map { "AND consumer.id < \($0)" } ?? ""
        return try await tx.all(
            """
            \(standing) WHERE consumer.tenant_id = \(tx.tenant) AND consumer.bot_id = \(bot) AND consumer.type <> 'replay' \(rest)
            ORDER BY consumer.id DESC LIMIT \(Int64(limit))
            """)
    }

    /// - Returns: nil when this tenant has no such consumer, or its bot is deleted.
    package static func find(_ id: ID<Consumer>, in tx: TenantTransaction) async throws -> ConsumerStanding? {
        try await tx.first(
            """
            \(standing) WHERE consumer.tenant_id = \(tx.tenant) AND consumer.id = \(id)
                AND consumer.type <> 'replay'
                AND EXISTS (SELECT FROM bot WHERE bot.tenant_id = consumer.tenant_id
                    AND bot.id = consumer.bot_id AND bot.status <> 'deleted')
            """)
    }

    private static let standing: SQL = """
        SELECT \(columns), coalesce(consumer_cursor.position, 0)
        FROM consumer LEFT JOIN consumer_cursor
            ON consumer_cursor.tenant_id = consumer.tenant_id AND consumer_cursor.consumer_id = consumer.id
        """
}
