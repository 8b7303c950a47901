import Platform

/// Counts what one replay's cursor has come past since the last step, and ends the replay when it is through: the range
/// has been read, and no row of it is still to be delivered.
struct ReplayStep: Sendable {
    /// Rows of the log looked at in one step: a statement has its time.
    private static let countedAtOnce: Int64 = 50_000

    let key: JobKey<Replay>

    func take(in tx: PlatformTransaction) async throws {
        try await Replay.lockConsumer(key.id, of: key.tenant, in: tx)
        guard let state = try await lock(in: tx) else { return }
        let counted = try await count(state, in: tx)
        try await note(counted, in: tx)
        guard counted.position >= state.until, try await !hasWork(in: tx) else { return }
        try await end(in: tx)
    }

    private struct State: RowDecodable {
        let bot: ID<Bot>
        let kinds: [String]?
        let chatID: Int64?
        let until: Int64
        let counted: Int64
        let cursor: Int64

        init(row: inout Row) throws {
            bot = try row.next()
            kinds = try row.next()
            chatID = try row.next()
            until = try row.next()
            counted = try row.next()
            cursor = try row.next()
        }
    }

    /// - Returns: nil when it has ended. A cursor behind which the log holds nothing more of the range, since retention
    ///   took it, is at its end.
    private func lock(in tx: PlatformTransaction) async throws -> State? {
        try await tx.first(
            """
            SELECT own.bot_id, own.kinds, replay.chat_id, replay.until_position, replay.counted_position,
                CASE WHEN EXISTS (
                    SELECT FROM update_log AS log WHERE log.tenant_id = own.tenant_id AND log.bot_id = own.bot_id
                        AND log.position > cursor.position AND log.position <= replay.until_position)
                THEN cursor.position ELSE greatest(cursor.position, replay.until_position) END
            FROM replay
            JOIN consumer AS own ON own.tenant_id = replay.tenant_id AND own.id = replay.consumer_id
            JOIN consumer_cursor AS cursor
                ON cursor.tenant_id = replay.tenant_id AND cursor.consumer_id = replay.consumer_id
            WHERE replay.tenant_id = \(key.tenant) AND replay.consumer_id = \(key.id) AND replay.status = 'running'
            FOR UPDATE OF replay
            """)
    }

    private struct Counted: RowDecodable {
        let passed: Int64
        let position: Int64

        init(row: inout Row) throws {
            passed = try row.next()
            position = try row.next()
        }
    }

    private func count(_ state: State, in tx: PlatformTransaction) async throws -> Counted {
        let end = min(state.cursor, state.until)
        let counted = try await tx.first(
            """
            SELECT count(*) FILTER (WHERE deadline IS NULL
                    AND \(Replay.matches(kinds: state.kinds, chatID: state.chatID))),
                CASE WHEN count(*) = \(Self.countedAtOnce) THEN max(position)
                    ELSE greatest(\(state.counted), \(end)) END
            FROM (
                SELECT position, deadline, kind, chat_id FROM update_log
                WHERE tenant_id = \(key.tenant) AND bot_id = \(state.bot)
                    AND position > \(state.counted) AND position <= \(end)
                ORDER BY position LIMIT \(Self.countedAtOnce)) AS looked
            """, as: Counted.self)
        guard let counted else { throw PostgresError.unexpectedResult("no row from count") }
        return counted
    }

    private func note(_ counted: Counted, in tx: PlatformTransaction) async throws {
        try await tx.execute(
            """
            UPDATE replay SET passed = passed + \(counted.passed), counted_position = \(counted.position),
                updated_at = CASE WHEN \(counted.passed) > 0 THEN clock_timestamp() ELSE updated_at END
            WHERE tenant_id = \(key.tenant) AND consumer_id = \(key.id) AND counted_position < \(counted.position)
            """)
    }

    private func hasWork(in tx: PlatformTransaction) async throws -> Bool {
        try await tx.value(
            """
            SELECT EXISTS (SELECT FROM delivery WHERE tenant_id = \(key.tenant) AND consumer_id = \(key.id)
                AND status = 'retrying')
            """, as: Bool.self) ?? false
    }

    /// Whoever delivers looks at consumers that have changed.
    private func end(in tx: PlatformTransaction) async throws {
        try await tx.execute(
            """
            UPDATE replay SET status = 'finished', finished_at = clock_timestamp(), updated_at = clock_timestamp()
            WHERE tenant_id = \(key.tenant) AND consumer_id = \(key.id)
            """)
        try await tx.execute(
            """
            UPDATE consumer SET updated_at = clock_timestamp() WHERE tenant_id = \(key.tenant) AND id = \(key.id)
            """)
    }
}
