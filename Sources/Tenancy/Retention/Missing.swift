import Platform

/// What one consumer misses of one day: updates that it wants and that its cursor does not have as settled.
struct Missing: Sendable {
    let consumer: ID<Consumer>
    /// As in 20260131.
    let day: String

    /// Where a cursor stands.
    struct Stand: RowDecodable, Equatable {
        let position: Int64
        let settled: [Int64]
        let express: Int64
        let expressSettled: [Int64]

        static let columns: SQL = "position, settled, express_position, express_settled"

        init(row: inout Row) throws {
            position = try row.next()
            settled = try row.next()
            express = try row.next()
            expressSettled = try row.next()
        }
    }

    struct Count: Sendable {
        let stand: Stand
        /// The last position of the day, wanted or not.
        let end: Int64
        let missed: Missed?
    }

    struct Missed: RowDecodable {
        let first: Int64
        let last: Int64
        let firstAt: Timestamp
        let lastAt: Timestamp
        let count: Int64

        init(row: inout Row) throws {
            first = try row.next()
            last = try row.next()
            firstAt = try row.next()
            lastAt = try row.next()
            count = try row.next()
        }
    }

    /// - Returns: nil when the consumer is gone.
    func lock(in tx: TenantTransaction) async throws -> (Consumer, Stand)? {
        let stand = try await stand("FOR UPDATE", in: tx)
        let found = try await tx.first(
            "SELECT \(Consumer.columns) FROM consumer WHERE tenant_id = \(tx.tenant) AND id = \(consumer)",
            as: Consumer.self)
        guard let stand, let found else { return nil }
        return (found, stand)
    }

    private func stand(_ lock: SQL, in tx: TenantTransaction) async throws -> Stand? {
        try await tx.first(
            """
            SELECT \(Stand.columns) FROM consumer_cursor
            WHERE tenant_id = \(tx.tenant) AND consumer_id = \(consumer) \(lock)
            """, as: Stand.self)
    }

    /// - Returns: nil when the consumer is gone, or the day.
    func count(in tx: TenantTransaction) async throws -> Count? {
        guard let stand = try await stand("", in: tx) else { return nil }
        let end = try await tx.value(
            """
            SELECT max(log.position) FROM consumer JOIN update_log AS log
                ON log.tenant_id = consumer.tenant_id AND log.bot_id = consumer.bot_id
            WHERE consumer.tenant_id = \(tx.tenant) AND consumer.id = \(consumer) AND log.day = \(day)::text::date
            """, as: Int64.self)
        guard let end else { return nil }
        let missed = try await tx.first(
            """
            SELECT min(log.position), max(log.position), min(log.received_at), max(log.received_at), count(*)
            FROM consumer JOIN update_log AS log
                ON log.tenant_id = consumer.tenant_id AND log.bot_id = consumer.bot_id
            WHERE consumer.tenant_id = \(tx.tenant) AND consumer.id = \(consumer) AND log.day = \(day)::text::date
                AND log.position > least(\(stand.position), \(stand.express))
                AND log.position > CASE WHEN log.deadline IS NULL THEN \(stand.position) ELSE \(stand.express) END
                AND log.kind <> \(UpdateKind.adminCommand)
                AND (consumer.kinds IS NULL OR log.kind = ANY(consumer.kinds))
                AND NOT EXISTS (SELECT FROM unnest(\(stand.settled)) AS done (position)
                    WHERE done.position = log.position AND log.deadline IS NULL)
                AND NOT EXISTS (SELECT FROM unnest(\(stand.expressSettled)) AS done (position)
                    WHERE done.position = log.position AND log.deadline IS NOT NULL)
            HAVING count(*) > 0
            """, as: Missed.self)
        return Count(stand: stand, end: end, missed: missed)
    }

    /// Moves the cursor past the day, never backwards. What was handed out of it can be handed out no more.
    /// - Returns: nil when nothing was missed.
    func note(_ count: Count?, in tx: TenantTransaction) async throws -> ConsumerGap? {
        guard let count else { return nil }
        try await tx.execute(
            """
            UPDATE consumer_cursor SET position = greatest(position, \(count.end)),
                settled = ARRAY(SELECT s FROM unnest(settled) AS s WHERE s > greatest(position, \(count.end))),
                express_position = greatest(express_position, \(count.end)),
                express_settled = ARRAY(SELECT s FROM unnest(express_settled) AS s
                    WHERE s > greatest(express_position, \(count.end)))
            WHERE tenant_id = \(tx.tenant) AND consumer_id = \(consumer)
            """)
        try await tx.execute(
            """
            DELETE FROM pull_handout
            WHERE tenant_id = \(tx.tenant) AND consumer_id = \(consumer) AND position <= \(count.end)
            """)
        guard let missed = count.missed else { return nil }
        return try await tx.first(
            """
            INSERT INTO consumer_gap (tenant_id, id, consumer_id, first_position, last_position, first_received_at,
                last_received_at, count)
            VALUES (\(tx.tenant), \(ID<ConsumerGap>()), \(consumer), \(missed.first), \(missed.last),
                \(missed.firstAt), \(missed.lastAt), \(missed.count))
            RETURNING \(ConsumerGap.columns)
            """, as: ConsumerGap.self)
    }
}
