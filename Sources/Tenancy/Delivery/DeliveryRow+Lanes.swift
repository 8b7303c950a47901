import Platform

extension DeliveryRow {
    /// A lane that goes on from rows.
    struct HeldLane: RowDecodable, Sendable {
        let name: String
        /// When its head is due; nil: at once.
        let dueAt: Timestamp?
        /// Its head is dead, and the lane waits until somebody decides.
        let isParked: Bool
        /// Its updates have deadlines.
        let isExpress: Bool

        init(row: inout Row) throws {
            name = try row.next()
            dueAt = try row.next()
            isParked = try row.next()
            isExpress = try row.next()
        }
    }

    /// The lanes of a consumer that have rows to be worked off or are parked, read in pages.
    /// - Returns: at most `limit` or a few more, and whether these are all. Those with work first: parked ones, which
    ///   only a decision ends, take no room from them.
    static func heldLanes(
        of consumer: Consumer, limit: Int = PushConsumer.knownLaneLimit, page: Int = PushConsumer.lanePage,
        in database: Database
    ) async throws -> (lanes: [HeldLane], isComplete: Bool) {
        var (lanes, parked): ([HeldLane], [HeldLane]) = ([], [])
        var last: String?
        while lanes.count < limit {
            let next = try await database.system.withConnection { [last] connection in
                try await connection.pipeline([
                    inIndexOrder, heldLanes(of: consumer, after: last, limit: page),
                ])[1].decoded(as: HeldLane.self)
            }
            lanes += next.filter { !$0.isParked }
            parked += next.filter(\.isParked).prefix(limit + 1 - parked.count)
            last = next.last?.name
            if next.count < page {
                let room = max(0, limit - lanes.count)
                return (lanes + parked.prefix(room), parked.count <= room)
            }
        }
        return (lanes, false)
    }

    /// Where statistics are older than an outage, a consumer seems to have hardly any rows: they would be sorted anew
    /// for each lane.
    static let inIndexOrder: SQL = "SELECT set_config('enable_sort', 'off', true)"

    /// From lane to lane by the partial index on held rows, whose very words the condition has: a lane's followers
    /// are not looked at.
    static func heldLanes(of consumer: Consumer, after last: String?, limit: Int) -> SQL {
        func first(_ rest: SQL) -> SQL {
            """
            SELECT lane, next_attempt_at, is_parking, deadline IS NOT NULL AS is_express FROM delivery
            WHERE tenant_id = \(consumer.bot.tenant) AND consumer_id = \(consumer.id)
                AND (status = 'retrying' OR is_parking) \(rest)
            ORDER BY lane, position LIMIT 1
            """
        }
        return """
            WITH RECURSIVE held AS (
                (\(first(last.map { "AND lane > \($0)" } ?? "")))
                UNION ALL
                SELECT next.* FROM held CROSS JOIN LATERAL (\(first("AND lane > held.lane"))) AS next
            )
            SELECT lane, next_attempt_at, is_parking, is_express FROM held LIMIT \(Int64(limit))
            """
    }

    /// Marks what is past its deadline in these lanes as expired.
    /// - Returns: how many, and which of the lanes still have rows.
    static func expire(
        _ lanes: [String], of consumer: Consumer, epoch: Int64, error: String, in database: Database
    ) async throws -> (count: Int, held: Set<String>) {
        try await database.system.withConnection { connection in
            let count = try await connection.execute(
                """
                UPDATE delivery SET status = 'expired', next_attempt_at = NULL, last_error = \(error),
                    updated_at = clock_timestamp()
                WHERE tenant_id = \(consumer.bot.tenant) AND consumer_id = \(consumer.id) AND lane = ANY(\(lanes))
                    AND status = 'retrying' AND deadline < clock_timestamp() AND \(isHeld(consumer, epoch))
                """)
            let held = try await connection.all(
                """
                SELECT lane FROM unnest(\(lanes)) AS w (lane)
                WHERE EXISTS (SELECT FROM delivery AS d WHERE d.tenant_id = \(consumer.bot.tenant)
                    AND d.consumer_id = \(consumer.id) AND d.lane = w.lane
                    AND (d.status = 'retrying' OR d.is_parking))
                """, as: LaneName.self)
            return (count, Set(held.map(\.name)))
        }
    }
}

private struct LaneName: RowDecodable {
    let name: String
    init(row: inout Row) throws { name = try row.next() }
}
