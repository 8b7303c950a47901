import Platform

/// Notes how far replays have come, and ends those that are through. A job under a lease: one of it runs over all
/// nodes. What is replayed is delivered where the bot's shard is held.
package struct Replays: Sendable {
    private static let interval = Duration.seconds(1)
    /// After the database has failed.
    private static let pause = Duration.seconds(5)
    /// Replays looked at in one go; the next go looks at those behind them.
    private static let pageSize: Int64 = 100
    private static let buriedAtOnce: Int64 = 1000

    private let loop: EventLoop
    private let database: Database
    private let logger: Logger

    package init(loop: EventLoop, database: Database, logger: Logger) {
        self.loop = loop
        self.database = database
        self.logger = logger
    }

    /// Runs until the task is cancelled.
    package func run() async {
        var last = ReplayStep.Key.least
        while !Task.isCancelled {
            do {
                last = try await pass(after: last)
                try await loop.sleep(for: Self.interval)
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("replays are not looked after", ["error": "\(error)"])
                try? await loop.sleep(for: Self.pause)
            }
        }
    }

    /// One step of each running replay in turn.
    /// - Returns: after which to go on.
    @discardableResult
    func pass(after last: ReplayStep.Key = .least) async throws -> ReplayStep.Key {
        let keys = try await database.job { tx in
            try await tx.all(
                """
                SELECT tenant_id, consumer_id, created_at FROM replay
                WHERE status = 'running'
                    AND (created_at, tenant_id, consumer_id) > (\(last.createdAt), \(last.tenant), \(last.id))
                ORDER BY created_at, tenant_id, consumer_id LIMIT \(Self.pageSize)
                """, as: ReplayStep.Key.self)
        }
        for key in keys {
            try Task.checkCancellation()
            do {
                try await database.job { tx in try await ReplayStep(key: key).take(in: tx) }
            } catch {
                try Task.checkCancellation()
                logger.warning("a replay is not looked after", ["replay": "\(key.id)", "error": "\(error)"])
            }
        }
        try await bury()
        return keys.count == Int(Self.pageSize) ? keys.last ?? .least : .least
    }

    /// Nobody sends what a cancelled replay had still to retry. The node that delivered may have put more there just
    /// after the end, or be at work on a row: the next pass comes back to it.
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
