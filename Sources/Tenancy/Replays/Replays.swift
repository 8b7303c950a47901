import Platform

/// Notes how far replays have come, and ends those that are through. What is replayed is delivered where the bot's shard
/// is held.
package struct Replays: Sendable {
    private static let buriedAtOnce: Int64 = 1000

    private let database: Database
    private let rounds: JobRounds<Replay>

    package init(loop: EventLoop, database: Database, logger: Logger) {
        self.database = database
        rounds = JobRounds(loop: loop, database: database, logger: logger, interval: .seconds(1)) {
            last, limit in
            """
            SELECT tenant_id, consumer_id, created_at FROM replay
            WHERE status = 'running'
                AND (created_at, tenant_id, consumer_id) > (\(last.createdAt), \(last.tenant), \(last.id))
            ORDER BY created_at, tenant_id, consumer_id LIMIT \(limit)
            """
        } step: { key, tx in
            try await ReplayStep(key: key).take(in: tx)
        }
    }

    /// Runs until the task is cancelled.
    package func run() async { await rounds.run(tidy: bury) }

    /// One step of each running replay in turn.
    func pass() async throws {
        try await rounds.pass()
        try await bury()
    }

    /// Nobody sends what a cancelled replay had still to retry. The node that delivered may have put more there just
    /// after the end, or be at work on a row: the next round comes back to it.
    private func bury() async throws {
        var count: Int
        repeat {
            try Task.checkCancellation()
            count = try await database.job { tx in
                try await tx.execute(
                    """
                    UPDATE delivery SET status = 'dead', next_attempt_at = NULL,
                        last_error = coalesce(delivery.last_error, 'the replay was cancelled'),
                        updated_at = clock_timestamp()
                    FROM (
                        SELECT row.tenant_id, row.id FROM replay JOIN delivery AS row
                            ON row.tenant_id = replay.tenant_id AND row.consumer_id = replay.consumer_id
                                AND row.status = 'retrying'
                        WHERE replay.status = 'cancelled' AND replay.finished_at > clock_timestamp() - interval '1 day'
                        LIMIT \(Self.buriedAtOnce) FOR UPDATE OF row SKIP LOCKED) AS page
                    WHERE delivery.tenant_id = page.tenant_id AND delivery.id = page.id
                    """)
            }
        } while count == Int(Self.buriedAtOnce)
    }
}
