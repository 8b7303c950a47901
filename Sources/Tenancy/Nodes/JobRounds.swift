import Platform

/// Goes round the running jobs of a table, one step of each in turn. A job under a lease: one of it runs over all nodes.
/// Each step is one transaction, so that another node goes on where this one ended.
struct JobRounds<Job: Identified>: Sendable {
    let loop: EventLoop
    let database: Database
    let logger: Logger
    /// Between two rounds.
    let interval: Duration
    /// Jobs looked at in one round; the next round looks at those behind them.
    var pageSize = 100
    /// The columns of a `JobKey`, of those that run and come after a key.
    let running: @Sendable (_ last: JobKey<Job>, _ limit: Int64) -> SQL
    let step: @Sendable (JobKey<Job>, PlatformTransaction) async throws -> Void

    /// After the database has failed.
    private var pause: Duration { .seconds(5) }

    /// Runs until the task is cancelled.
    /// - Parameter tidy: at the end of each round.
    func run(tidy: @Sendable () async throws -> Void = {}) async {
        var last = JobKey<Job>.least
        while !Task.isCancelled {
            do {
                last = try await pass(after: last)
                try await tidy()
                try await loop.sleep(for: interval)
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("jobs of a kind are held up", ["kind": "\(Job.prefix)", "error": "\(error)"])
                try? await loop.sleep(for: pause)
            }
        }
    }

    /// One round.
    /// - Returns: after which to go on.
    @discardableResult
    func pass(after last: JobKey<Job> = .least) async throws -> JobKey<Job> {
        let keys = try await database.job { tx in
            try await tx.all(running(last, Int64(pageSize)), as: JobKey<Job>.self)
        }
        for key in keys {
            try Task.checkCancellation()
            do {
                try await database.job { tx in try await step(key, tx) }
            } catch {
                try Task.checkCancellation()
                logger.warning("a job is held up", ["job": "\(key.id)", "error": "\(error)"])
            }
        }
        return keys.count == pageSize ? keys.last ?? .least : .least
    }
}
