import Platform

/// Puts dead letters back among those to be delivered, for retry jobs.
package struct RetryJobs: Sendable {
    private let rounds: JobRounds<RetryJob>

    package init(loop: EventLoop, database: Database, logger: Logger) {
        self.init(loop: loop, database: database, logger: logger, limits: RetryStep.Limits())
    }

    init(loop: EventLoop, database: Database, logger: Logger, limits: RetryStep.Limits) {
        rounds = JobRounds(loop: loop, database: database, logger: logger, interval: .milliseconds(500)) {
            last, limit in
            """
            SELECT tenant_id, id, created_at FROM retry_job
            WHERE status = 'running' AND (created_at, tenant_id, id) > (\(last.createdAt), \(last.tenant), \(last.id))
            ORDER BY created_at, tenant_id, id LIMIT \(limit)
            """
        } step: { key, tx in
            try await RetryStep(key: key, limits: limits).take(in: tx)
        }
    }

    /// Runs until the task is cancelled.
    package func run() async { await rounds.run() }

    /// One step of each job in turn.
    func pass() async throws { try await rounds.pass() }
}
