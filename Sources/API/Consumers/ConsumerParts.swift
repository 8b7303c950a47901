import Platform
import Tenancy

/// What looks after consumers and the log once over all nodes: jobs that run on one node at a time.
struct ConsumerParts: Sendable {
    private let runtime: Runtime
    private let jobs: LeasedJobs
    private let metrics: ConsumerMetrics

    /// - Parameters:
    ///   - database: the first loop's.
    ///   - events: told of what the platform does to consumers by itself.
    init(
        settings: Settings, runtime: Runtime, database: Database, leases: ShardLeases, node: ID<Node>,
        events: ConsumerEvents
    ) {
        self.runtime = runtime
        let (loop, logger) = (runtime.loops[0], runtime.logger)
        let retries = RetryJobs(loop: loop, database: database, logger: logger)
        let removals = ConsumerRemovals(loop: loop, database: database, logger: logger)
        let replays = Replays(loop: loop, database: database, logger: logger)
        let retention = Retention(
            loop: loop, database: database, days: settings.retention, events: events, logger: logger)
        let watch = ConsumerWatch(loop: loop, database: database, events: events, logger: logger)
        metrics = ConsumerMetrics(
            loop: loop, database: database, leases: leases, metrics: runtime.metrics, logger: logger)
        jobs = LeasedJobs(
            JobLease(.deliveries, node: node, database: database), loop: loop, logger: logger,
            jobs: [
                { await retries.run() },
                { await replays.run() },
                { await retention.run() },
                { await watch.run() },
                { await removals.run() },
            ])
    }

    /// Runs until the task is cancelled. On the first loop.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: runtime.loops[0]) { await jobs.run() }
            group.addTask(executorPreference: runtime.loops[0]) { await metrics.run() }
        }
    }
}
