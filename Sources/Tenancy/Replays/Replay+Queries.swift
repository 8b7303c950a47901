import Platform

extension Replay {
    static let mostEnded = 100

    /// Ended at once when the range holds nothing.
    /// - Parameters:
    ///   - source: locked.
    ///   - size: nil when it is not known.
    /// - Throws: a violation of `replay_once` when one of the consumer is running already.
    package static func create(
        _ new: New, of source: Consumer, _ range: Range, _ size: Size?, in tx: TenantTransaction
    ) async throws -> Replay {
        try await deleteOldest(of: source, in: tx)
        let id = ID<Replay>()
        let isEmpty = range.last == nil || size?.total == 0
        let kinds = new.kinds ?? source.kinds
        // Of the source's settings those count that it has when something is sent; these stand for none.
        try await tx.execute(
            """
            INSERT INTO consumer (tenant_id, id, bot_id, type, name, kinds, updated_at)
            VALUES (\(tx.tenant), \(ID<Consumer>(id.uuid)), \(source.bot.bot), 'replay', 'Replay', \(kinds),
                clock_timestamp())
            """)
        try await tx.execute(
            """
            INSERT INTO consumer_cursor (tenant_id, consumer_id, position, express_position)
            VALUES (\(tx.tenant), \(ID<Consumer>(id.uuid)), \((range.first ?? 1) - 1), \(Int64.max))
            """)
        try await tx.execute(
            """
            INSERT INTO replay (tenant_id, consumer_id, source_id, from_time, until_time, chat_id, until_position,
                per_second, total, expired, counted_position, status, finished_at)
            VALUES (\(tx.tenant), \(id), \(source.id), \(new.from), \(new.to), \(new.chatID), \(range.last ?? 0),
                \(Int32(new.perSecond)), \(isEmpty ? 0 : size?.total), \(isEmpty ? 0 : size?.expired ?? 0),
                \((range.first ?? 1) - 1), \(isEmpty ? Status.finished : .running),
                CASE WHEN \(isEmpty) THEN clock_timestamp() END)
            """)
        guard let replay = try await find(id, in: tx) else {
            throw PostgresError.unexpectedResult("no row from INSERT")
        }
        return replay
    }

    /// Newest first.
    package static func page(
        of source: ID<Consumer>, after last: ID<Replay>?, limit: Int, in tx: TenantTransaction
    ) async throws -> [Replay] {
        let rest: SQL = last.map { "AND replay.consumer_id < \($0)" } ?? ""
        return try await tx.all(
            """
            \(select(most: min(DeliveryCounts.most, DeliveryCounts.mostOfAll / max(1, limit)), in: tx))
                AND replay.source_id = \(source) \(rest)
            ORDER BY replay.consumer_id DESC LIMIT \(Int64(limit))
            """)
    }

    /// - Returns: nil when this tenant has no such replay.
    package static func find(_ id: ID<Replay>, in tx: TenantTransaction) async throws -> Replay? {
        try await find(id, counting: DeliveryCounts.most, in: tx)
    }

    /// - Parameter most: rows of each status.
    static func find(
        _ id: ID<Replay>, counting most: Int, in tx: TenantTransaction
    ) async throws -> Replay? {
        try await tx.first("\(select(most: most, in: tx)) AND replay.consumer_id = \(id)")
    }

    /// What is under way ends; nothing more begins. What was still to be retried becomes dead a little later.
    /// - Returns: false when it had ended before.
    package func cancel(in tx: TenantTransaction) async throws -> Bool {
        try await Self.lockConsumer(id, of: tx.tenant, in: tx)
        let count = try await tx.execute(
            """
            UPDATE replay SET status = 'cancelled', finished_at = clock_timestamp(), updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND consumer_id = \(id) AND status = 'running'
            """)
        guard count == 1 else { return false }
        // Whoever delivers looks at consumers that have changed.
        try await tx.execute(
            """
            UPDATE consumer SET updated_at = clock_timestamp() WHERE tenant_id = \(tx.tenant) AND id = \(consumer)
            """)
        return true
    }

    /// Each that has ended is still a consumer: so a source has no more than `mostEnded` of them.
    private static func deleteOldest(of source: Consumer, in tx: TenantTransaction) async throws {
        let oldest = try await tx.all(
            """
            SELECT consumer_id FROM replay
            WHERE tenant_id = \(tx.tenant) AND source_id = \(source.id) AND status <> 'running'
            ORDER BY consumer_id DESC LIMIT 10 OFFSET \(Int64(mostEnded - 1))
            """, as: Ended.self)
        for replay in oldest { try await delete(replay.id, in: tx) }
    }

    private struct Ended: RowDecodable {
        let id: ID<Replay>
        init(row: inout Row) throws { id = try row.next() }
    }

    /// Before the replay, as everybody does who locks both.
    static func lockConsumer(
        _ id: ID<Replay>, of tenant: ID<Tenant>, in tx: some DatabaseTransaction
    ) async throws {
        try await tx.execute(
            "SELECT FROM consumer WHERE tenant_id = \(tenant) AND id = \(id) FOR NO KEY UPDATE")
    }

    /// Its delivery rows and attempts are left to `ConsumerRemovals`.
    static func delete(_ id: ID<Replay>, in tx: TenantTransaction) async throws {
        try await tx.execute(
            "SELECT FROM consumer_cursor WHERE tenant_id = \(tx.tenant) AND consumer_id = \(id) FOR UPDATE")
        try await tx.execute(
            """
            INSERT INTO consumer_removal (tenant_id, consumer_id, bot_id)
            SELECT tenant_id, id, bot_id FROM consumer
            WHERE tenant_id = \(tx.tenant) AND id = \(id) AND type = 'replay'
            """)
        try await tx.execute(
            "DELETE FROM consumer WHERE tenant_id = \(tx.tenant) AND id = \(id) AND type = 'replay'")
    }

    /// - Parameter most: rows of each status that are counted.
    private static func select(most: Int, in tx: TenantTransaction) -> SQL {
        func rows(_ status: DeliveryRow.Status) -> SQL {
            """
            (SELECT position, status FROM delivery WHERE tenant_id = replay.tenant_id
                AND consumer_id = replay.consumer_id AND status = \(status) LIMIT \(Int64(most)))
            """
        }
        return """
            SELECT replay.consumer_id, replay.source_id, replay.from_time, replay.until_time, replay.chat_id, own.kinds,
                replay.per_second, replay.status, replay.total, replay.created_at, replay.updated_at,
                replay.finished_at, replay.passed, replay.expired, rows.behind, rows.ahead, rows.retrying, rows.dead,
                rows.expired, \(Int64(most))::bigint
            FROM replay
            JOIN consumer AS own ON own.tenant_id = replay.tenant_id AND own.id = replay.consumer_id
            CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE position <= replay.counted_position) AS behind,
                    count(*) FILTER (WHERE position > replay.counted_position) AS ahead,
                    count(*) FILTER (WHERE status = 'retrying') AS retrying,
                    count(*) FILTER (WHERE status = 'dead') AS dead,
                    count(*) FILTER (WHERE status = 'expired') AS expired
                FROM (\(rows(.retrying)) UNION ALL \(rows(.dead)) UNION ALL \(rows(.expired))) AS counted) AS rows
            WHERE replay.tenant_id = \(tx.tenant)
            """
    }
}
