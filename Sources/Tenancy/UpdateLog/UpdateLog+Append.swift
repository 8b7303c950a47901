import Platform

extension UpdateLog {
    /// Serializes appends over all nodes and loops, so that positions become visible in the order in which they
    /// were drawn. Any number will do that nothing else in the database uses.
    private static let appendLock: Int64 = 0x726F_6F6B_6C6F_67

    /// One transaction, one round trip. It takes the lock first; the INSERT then sees every append before it,
    /// which is why leaving out what yesterday's partition holds is no race.
    /// - Parameter mayRepeat: leaves out what today's holds, and what comes twice. Costs a fifth of the time; without
    ///   it such an update fails them all with a unique violation.
    static func append(_ updates: some Collection<NewUpdate>, mayRepeat: Bool) -> [SQL] {
        let onConflict: SQL =
            mayRepeat ? "ON CONFLICT (tenant_id, bot_id, update_id, day) DO NOTHING" : ""
        return [
            "SELECT pg_advisory_xact_lock(\(appendLock))",
            """
            INSERT INTO update_log (tenant_id, bot_id, day, position, update_id, kind, lane, chat_id, deadline,
                received_at, payload)
            SELECT tenant_id, bot_id, (statement_timestamp() AT TIME ZONE 'UTC')::date,
                nextval('update_log_position'), update_id, kind, lane, chat_id, deadline, statement_timestamp(),
                payload
            FROM (
                SELECT u.*
                FROM unnest(\(updates.map(\.tenant)), \(updates.map(\.bot)), \(updates.map(\.head.updateID)),
                    \(updates.map(\.head.kind)), \(updates.map(\.head.lane)), \(updates.map(\.head.chatID)),
                    \(updates.map(\.deadline)), \(updates.map { JSONBytes($0.payload) })) WITH ORDINALITY
                    AS u (tenant_id, bot_id, update_id, kind, lane, chat_id, deadline, payload, place)
                WHERE NOT EXISTS (
                    SELECT FROM update_log AS y
                    WHERE y.tenant_id = u.tenant_id AND y.bot_id = u.bot_id AND y.update_id = u.update_id
                        AND y.day = (statement_timestamp() AT TIME ZONE 'UTC')::date - 1)
                ORDER BY u.place) AS new
            \(onConflict)
            """,
        ]
    }

    /// How many updates of each bot the connection's last append has added, when it has added some: the positions it
    /// drew under the lock, no more than it had updates, are the last ones that this session drew.
    static func countNew(
        among batch: Int, of bots: [BotKey], in connection: PostgresConnection
    ) async throws -> [BotKey: Int] {
        let rows = try await connection.all(
            """
            SELECT w.tenant_id, w.bot_id, l.count
            FROM unnest(\(bots.map(\.tenant)), \(bots.map(\.bot))) AS w (tenant_id, bot_id)
            CROSS JOIN LATERAL (
                SELECT count(*) FROM update_log
                WHERE tenant_id = w.tenant_id AND bot_id = w.bot_id AND position <= lastval()
                    AND position > lastval() - \(Int64(batch))
                    AND day >= (now() AT TIME ZONE 'UTC')::date - 1) AS l
            """, as: NewCount.self)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.key, Int($0.count)) })
    }

    private struct NewCount: RowDecodable {
        let key: BotKey
        let count: Int64
        init(row: inout Row) throws {
            key = try BotKey(row: &row)
            count = try row.next()
        }
    }
}
