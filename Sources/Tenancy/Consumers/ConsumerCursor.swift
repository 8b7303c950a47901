import Platform

/// Where a consumer stands in its bot's log, as stored: with the updates that keep, and (express) with those that
/// have a deadline. Each update is the business of one of the two.
///
/// A push consumer's or a replay's is written by `DeliveryJournal`, as a rule once a second, and with rows that leave
/// the fast path (`DeliveryRow.store`). What was delivered since the journal wrote it has attempts numbered from
/// `attempts_from` on, and counts as settled when the cursor is taken over.
struct ConsumerCursor: Sendable, RowDecodable {
    let position: Int64
    let settled: [Int64]
    let expressPosition: Int64
    let expressSettled: [Int64]

    init(row: inout Row) throws {
        let (main, settled) = (try row.next(Int64.self), try row.next([Int64].self))
        let (express, expressSettled) = (try row.next(Int64.self), try row.next([Int64].self))
        // Of both kinds: what is not its own a cursor does not meet.
        let delivered = try row.next([Int64].self)
        position = main
        expressPosition = express
        self.settled = settled + delivered.filter { $0 > main }
        self.expressSettled = expressSettled + delivered.filter { $0 > express }
    }

    /// Takes the cursor over for the holder of `epoch`: from now on whoever holds an older one moves nothing. What the
    /// attempts say was delivered comes with it; it is stored only when the cursor is written the next time.
    /// A consumer that has no cursor yet gets one at the end the log had when it was made.
    /// - Returns: nil when the consumer is gone or a newer epoch has it.
    static func take(
        _ consumer: ID<Consumer>, of bot: BotKey, epoch: Int64, in connection: PostgresConnection
    ) async throws -> ConsumerCursor? {
        let statement: SQL = """
            WITH taken AS (
                INSERT INTO consumer_cursor (tenant_id, consumer_id, position, express_position, epoch)
                SELECT consumer.tenant_id, consumer.id, log.last, log.last, \(epoch)
                FROM consumer CROSS JOIN LATERAL (
                    SELECT coalesce(max(position), 0) AS last FROM update_log
                    WHERE tenant_id = consumer.tenant_id AND bot_id = consumer.bot_id
                        AND received_at < consumer.created_at) AS log
                WHERE consumer.tenant_id = \(bot.tenant) AND consumer.id = \(consumer)
                ON CONFLICT (tenant_id, consumer_id) DO UPDATE SET epoch = excluded.epoch
                    WHERE consumer_cursor.epoch <= excluded.epoch
                RETURNING *)
            SELECT position, settled, express_position, express_settled, ARRAY(
                SELECT a.position FROM delivery_attempt AS a
                WHERE a.tenant_id = taken.tenant_id AND a.consumer_id = taken.consumer_id
                    AND a.id >= taken.attempts_from AND a.error IS NULL
                    AND a.position > least(taken.position, taken.express_position))
            FROM taken
            """
        // How few attempts there are from that number on is not known when this is planned: of a consumer that has
        // most of them, all days would be read whole.
        let results = try await connection.pipeline([
            "SELECT set_config('enable_seqscan', 'off', true)", statement,
        ])
        return try results[1].decoded(as: ConsumerCursor.self).first
    }

    /// Who has it, for what cannot be taken; nil when the consumer is gone.
    static func epoch(
        of consumer: ID<Consumer>, _ bot: BotKey, in connection: PostgresConnection
    ) async throws -> Int64? {
        try await connection.value(
            "SELECT epoch FROM consumer_cursor WHERE tenant_id = \(bot.tenant) AND consumer_id = \(consumer)")
    }

    /// Moves many cursors, never backwards: retention may have moved one past what it dropped. One whose epoch has
    /// been overtaken stays where it is. By id, as whoever else locks several: else two could wait for each other.
    /// What is settled stays so: whoever writes an older state of it takes nothing back.
    /// - Parameter marks: whether attempts that are written down by now need not be looked at any more. Only the
    ///   journal, which writes them, knows that this state has them all.
    static func move(_ cursors: [ID<Consumer>: DeliveryJournal.Progress], marks: Bool = true) -> SQL {
        let all = cursors.sorted { $0.key < $1.key }
        return """
            UPDATE consumer_cursor AS c SET
                position = greatest(c.position, t.position),
                settled = ARRAY(SELECT DISTINCT s FROM unnest(c.settled || t.settled::bigint[]) AS s
                    WHERE s > greatest(c.position, t.position) ORDER BY s),
                express_position = greatest(c.express_position, t.express),
                express_settled = ARRAY(SELECT DISTINCT s FROM unnest(c.express_settled || t.express_settled::bigint[])
                    AS s WHERE s > greatest(c.express_position, t.express) ORDER BY s),
                attempts_from = \(marks ? "(SELECT last_value FROM delivery_attempt_id)" : "c.attempts_from" as SQL)
            FROM unnest(\(all.map(\.value.bot.tenant)), \(all.map(\.key)), \(all.map(\.value.main.cursor)),
                \(all.map { arrayLiteral($0.value.main.settled) }), \(all.map(\.value.express.cursor)),
                \(all.map { arrayLiteral($0.value.express.settled) }), \(all.map(\.value.epoch)))
                AS t (tenant_id, consumer_id, position, settled, express, express_settled, epoch)
            WHERE c.tenant_id = t.tenant_id AND c.consumer_id = t.consumer_id AND c.epoch = t.epoch
            """
    }

    /// Text, because PostgreSQL's arrays of arrays must be rectangular.
    private static func arrayLiteral(_ positions: [Int64]) -> String {
        "{" + positions.map(String.init).joined(separator: ",") + "}"
    }
}
