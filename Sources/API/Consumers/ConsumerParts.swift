import Platform
import Tenancy

/// What looks after consumers and the log once over all nodes: jobs that run on one node at a time.
struct ConsumerParts: Sendable {
    private let runtime: Runtime
    private let jobs: LeasedJobs

    /// - Parameters:
    ///   - database: the first loop's.
    ///   - events: told of what the platform does to consumers by itself.
    init(settings: Settings, runtime: Runtime, database: Database, node: ID<Node>, events: ConsumerEvents) {
        self.runtime = runtime
        let (loop, logger) = (runtime.loops[0], runtime.logger)
        let retries = RetryJobs(loop: loop, database: database, logger: logger)
        let removals = ConsumerRemovals(loop: loop, database: database, logger: logger)
        jobs = LeasedJobs(
            JobLease(.deliveries, node: node, database: database), loop: loop, logger: logger,
            jobs: [
                { await retries.run() }, { await removals.run() },
            ])
    }

    /// Runs until the task is cancelled. On the first loop.
    func run() async { await jobs.run() }
}
