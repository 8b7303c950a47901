import Platform

/// Puts dead letters back among those to be delivered, for retry jobs. A job under a lease: one of it runs over all
/// nodes. Each step is one transaction, so that another node goes on where this one ended.
package struct RetryJobs: Sendable {
    private static let interval = Duration.milliseconds(500)
    /// After the database has failed.
    private static let pause = Duration.seconds(5)
    /// Jobs looked at in one go; the next go looks at those behind them.
    private static let pageSize: Int64 = 100

    private let loop: EventLoop
    private let database: Database
    private let logger: Logger
    private let limits: RetryStep.Limits

    package init(loop: EventLoop, database: Database, logger: Logger) {
        self.init(loop: loop, database: database, logger: logger, limits: RetryStep.Limits())
    }

    init(loop: EventLoop, database: Database, logger: Logger, limits: RetryStep.Limits) {
        self.loop = loop
        self.database = database
        self.logger = logger
        self.limits = limits
    }

    /// Runs until the task is cancelled.
    package func run() async {
        var last = RetryStep.Key.least
        while !Task.isCancelled {
            do {
                last = try await pass(after: last)
                try await loop.sleep(for: Self.interval)
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("dead letters are not being retried", ["error": "\(error)"])
                try? await loop.sleep(for: Self.pause)
            }
        }
    }

    /// One step of each job in turn.
    /// - Returns: after which to go on.
    @discardableResult
    func pass(after last: RetryStep.Key = .least) async throws -> RetryStep.Key {
        let keys = try await database.job { tx in
            try await tx.all(
                """
                SELECT tenant_id, id, created_at FROM retry_job
                WHERE status = 'running' AND (created_at, tenant_id, id) > (\(last.createdAt), \(last.tenant), \(last.id))
                ORDER BY created_at, tenant_id, id LIMIT \(Self.pageSize)
                """, as: RetryStep.Key.self)
        }
        for key in keys {
            try Task.checkCancellation()
            do {
                try await database.job { tx in try await RetryStep(key: key, limits: limits).take(in: tx) }
            } catch {
                try Task.checkCancellation()
                logger.warning("a retry job is held up", ["retry_job": "\(key.id)", "error": "\(error)"])
            }
        }
        return keys.count == Int(Self.pageSize) ? keys.last ?? .least : .least
    }
}
