import Platform

/// Updates that a consumer wanted and did not get before the retention was over: of one dropped day, and of
/// those before it of which it could not be told.
package struct ConsumerGap: Sendable, Equatable, Identified {
    package static let prefix = "gap"

    package let id: ID<ConsumerGap>
    package let firstPosition: Int64
    package let lastPosition: Int64
    package let firstReceivedAt: Timestamp
    package let lastReceivedAt: Timestamp
    package let count: Int64
    package let createdAt: Timestamp
}

extension ConsumerGap: RowDecodable {
    static let columns: SQL = """
        consumer_gap.id, consumer_gap.first_position, consumer_gap.last_position, consumer_gap.first_received_at, \
        consumer_gap.last_received_at, consumer_gap.count, consumer_gap.created_at
        """

    package init(row: inout Row) throws {
        id = try row.next()
        firstPosition = try row.next()
        lastPosition = try row.next()
        firstReceivedAt = try row.next()
        lastReceivedAt = try row.next()
        count = try row.next()
        createdAt = try row.next()
    }
}

extension ConsumerGap {
    /// Newest first.
    package static func page(
        of consumer: ID<Consumer>, after last: ID<ConsumerGap>?, limit: Int, in tx: TenantTransaction
    ) async throws -> [ConsumerGap] {
        let rest: SQL = last.map { "AND id < \($0)" } ?? ""
        return try await tx.all(
            """
            SELECT \(columns) FROM consumer_gap
            WHERE tenant_id = \(tx.tenant) AND consumer_id = \(consumer) \(rest)
            ORDER BY id DESC LIMIT \(Int64(limit))
            """)
    }
}
