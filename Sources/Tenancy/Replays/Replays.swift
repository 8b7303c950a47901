import Platform

/// Notes how far replays have come, and ends those that are through. A job under a lease: one of it runs over all
/// nodes. What is replayed is delivered where the bot's shard is held.
package struct Replays: Sendable {
    private static let interval = Duration.seconds(1)
    /// After the database has failed.
    private static let pause = Duration.seconds(5)
    /// Replays looked at in one go; the next go looks at those behind them.
    private static let pageSize: Int64 = 100

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
        return keys.count == Int(Self.pageSize) ? keys.last ?? .least : .least
    }
}
