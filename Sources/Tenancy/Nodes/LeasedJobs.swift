import Platform

/// Jobs that run on one node at a time: on this one for as long as it holds the lease.
///
/// A node that can no longer renew stops its jobs before the lease is over in the database, so that they never run on
/// two nodes, as long as they end soon when they are cancelled.
package struct LeasedJobs: Sendable {
    /// Runs until its task is cancelled.
    package typealias Job = @Sendable () async -> Void

    private static let renewEvery = Duration.seconds(4)
    /// Before the end of the lease: what a job may need to end.
    private static let reserve = Duration.seconds(4)

    private let lease: JobLease
    private let loop: EventLoop
    private let logger: Logger
    private let jobs: [Job]

    package init(_ lease: JobLease, loop: EventLoop, logger: Logger, jobs: [Job]) {
        self.lease = lease
        self.loop = loop
        self.logger = logger
        self.jobs = jobs
    }

    /// Runs until the task is cancelled; then gives the lease back.
    package func run() async {
        while !Task.isCancelled {
            if let end = await renew() {
                await work(until: end)
            } else {
                // Not all nodes at once.
                try? await loop.sleep(for: Self.renewEvery * Double.random(in: 0.5...1))
            }
        }
        // A task of its own, since this one is cancelled. Awaited right here.
        await Task(executorPreference: loop) { try? await lease.release() }.value
    }

    private func work(until end: ContinuousClock.Instant) async {
        logger.info("this node runs the jobs of a lease", ["lease": "\(lease.name.rawValue)"])
        await withTaskGroup(of: Void.self) { group in
            for job in jobs { group.addTask { await job() } }
            await keep(until: end)
            group.cancelAll()
        }
    }

    /// Returns when the lease is lost, or about to be, or the task is cancelled.
    private func keep(until end: ContinuousClock.Instant) async {
        var end = end
        while !Task.isCancelled {
            let next = min(.now + Self.renewEvery, end - Self.reserve)
            guard (try? await loop.sleep(until: next)) != nil else { return }
            if let renewed = await renew(until: end - Self.reserve) { end = renewed }
            guard .now < end - Self.reserve else {
                return logger.warning(
                    "this node gives up the jobs of a lease, which could not be renewed",
                    ["lease": "\(lease.name.rawValue)"])
            }
        }
    }

    private func renew() async -> ContinuousClock.Instant? {
        do {
            return try await lease.renew()
        } catch {
            logger.debug("a job's lease could not be renewed", ["error": "\(error)"])
            return nil
        }
    }

    /// A database that does not answer must not hold up the end of the jobs.
    private func renew(until deadline: ContinuousClock.Instant) async -> ContinuousClock.Instant? {
        await withTaskGroup(of: ContinuousClock.Instant?.self) { group in
            group.addTask { await renew() }
            group.addTask {
                try? await loop.sleep(until: deadline)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}
