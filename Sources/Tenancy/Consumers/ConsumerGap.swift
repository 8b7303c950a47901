import Platform

/// Updates that a consumer wanted and did not get before the retention was over: of one dropped day.
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
