import Platform

/// How far a consumer is behind its bot's log.
package struct ConsumerLag: Sendable, Equatable {
    /// What the log holds for it and is not settled: delivered, moved to a delivery row, expired or acknowledged.
    package let updates: Int64
    /// The age of the oldest of them; 0 when there is none.
    package let seconds: Int64
    /// Whether there is more in the log than was looked through.
    package let isCapped: Bool

    package static let none = ConsumerLag(updates: 0, seconds: 0, isCapped: false)

    /// What is looked through of the log, for one consumer or for all of a page together.
    static let lookedThrough = 100_000

    static func find(
        of consumers: [ID<Consumer>], lookingThrough most: Int = lookedThrough, in tx: TenantTransaction
    ) async throws -> [ID<Consumer>: ConsumerLag] {
        let most = Int64(Swift.max(1, most / Swift.max(1, consumers.count)))
        let rows = try await tx.all(
            """
            SELECT consumer.id, main.count + express.count,
                coalesce(extract(epoch FROM clock_timestamp() - least(main.oldest, express.oldest)), 0)::bigint,
                main.scanned = \(most) OR express.scanned = \(most)
            FROM consumer
            JOIN consumer_cursor AS cursor
                ON cursor.tenant_id = consumer.tenant_id AND cursor.consumer_id = consumer.id
            CROSS JOIN LATERAL (
                \(Self.waiting("""
                    SELECT position, kind, received_at, deadline IS NULL AS is_its FROM update_log
                    WHERE tenant_id = consumer.tenant_id AND bot_id = consumer.bot_id
                        AND position > cursor.position
                    ORDER BY position LIMIT \(most)
                    """, settled: "cursor.settled"))) AS main
            CROSS JOIN LATERAL (
                \(Self.waiting("""
                    SELECT position, kind, received_at, true AS is_its FROM update_log
                    WHERE tenant_id = consumer.tenant_id AND bot_id = consumer.bot_id
                        AND position > cursor.express_position AND deadline IS NOT NULL
                    ORDER BY position LIMIT \(most)
                    """, settled: "cursor.express_settled"))) AS express
            WHERE consumer.tenant_id = \(tx.tenant) AND consumer.id = ANY(\(consumers))
            """, as: Measured.self)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.consumer, $0.lag) })
    }

    /// Joined, not looked up one by one: thousands of positions may be settled behind one that hangs. A full join, which
    /// cannot be a nested loop, however few rows the planner expects; what is settled beyond the scan does not count.
    private static func waiting(_ scan: SQL, settled: SQL) -> SQL {
        """
        SELECT count(*) FILTER (WHERE waits) AS count, min(received_at) FILTER (WHERE waits) AS oldest,
            count(position) AS scanned
        FROM (
            SELECT log.position, log.received_at,
                log.is_its AND done.position IS NULL AND log.kind <> \(UpdateKind.adminCommand)
                AND (consumer.kinds IS NULL OR log.kind = ANY(consumer.kinds)) AS waits
            FROM (\(scan)) AS log FULL JOIN unnest(\(settled)) AS done (position) USING (position)) AS looked
        """
    }

    private struct Measured: RowDecodable {
        let consumer: ID<Consumer>
        let lag: ConsumerLag

        init(row: inout Row) throws {
            consumer = try row.next()
            lag = ConsumerLag(updates: try row.next(), seconds: try row.next(), isCapped: try row.next())
        }
    }
}
