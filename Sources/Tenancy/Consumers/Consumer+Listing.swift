import Platform

/// A consumer as its owner sees it, and how far it has come: everything up to `cursor` is settled.
package struct ConsumerStanding: Sendable {
    package let consumer: Consumer
    package let cursor: Int64
    package let hasTelegramSecret: Bool
    package internal(set) var lag = ConsumerLag.none
    package internal(set) var deliveries = DeliveryCounts.none
}

extension ConsumerStanding: RowDecodable {
    package init(row: inout Row) throws {
        consumer = try Consumer(row: &row)
        cursor = try row.next()
        hasTelegramSecret = try row.next()
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
            \(standing) WHERE consumer.tenant_id = \(tx.tenant) AND consumer.bot_id = \(bot)
                AND consumer.type <> 'replay' \(rest)
            ORDER BY consumer.id DESC LIMIT \(Int64(limit))
            """
        ).measured(in: tx)
    }

    /// - Parameter isBrief: whether lag and counts are looked up as for one in a long list: for a transaction that has
    ///   locked what others wait for.
    /// - Returns: nil when this tenant has no such consumer, or its bot is deleted.
    package static func find(
        _ id: ID<Consumer>, isBrief: Bool = false, in tx: TenantTransaction
    ) async throws -> ConsumerStanding? {
        try await tx.all(
            """
            \(standing) WHERE consumer.tenant_id = \(tx.tenant) AND consumer.id = \(id)
                AND consumer.type <> 'replay'
                AND EXISTS (SELECT FROM bot WHERE bot.tenant_id = consumer.tenant_id
                    AND bot.id = consumer.bot_id AND bot.status <> 'deleted')
            """
        ).measured(asOf: isBrief ? 100 : 1, in: tx).first
    }

    private static let standing: SQL = """
        SELECT \(columns), coalesce(consumer_cursor.position, 0), consumer.telegram_secret_sealed IS NOT NULL
        FROM consumer LEFT JOIN consumer_cursor
            ON consumer_cursor.tenant_id = consumer.tenant_id AND consumer_cursor.consumer_id = consumer.id
        """
}

extension [ConsumerStanding] {
    /// - Parameter share: how many share the bounds of what is looked through, at least.
    fileprivate func measured(asOf share: Int = 1, in tx: TenantTransaction) async throws
        -> [ConsumerStanding]
    {
        guard !isEmpty else { return [] }
        let ids = map(\.consumer.id)
        let lags = try await ConsumerLag.find(
            of: ids, lookingThrough: ConsumerLag.lookedThrough / Swift.max(1, share / count), in: tx)
        let counts = try await DeliveryCounts.find(of: ids, asOf: Swift.max(share, count), in: tx)
        return map { standing in
            var standing = standing
            standing.lag = lags[standing.consumer.id] ?? .none
            standing.deliveries = counts[standing.consumer.id] ?? .none
            return standing
        }
    }
}
