import Platform

/// Makes the days ahead (of the log, of attempts, of how bots fared) and the months of the audit trail: at the start,
/// every hour, and when somebody has found that today's is missing. `Retention` drops them.
package actor LogPartitions {
    private static let daysAhead = 3
    private static let monthsAhead = 3
    private static let interval = Duration.seconds(3600)
    private static let intervalAfterFailure = Duration.seconds(30)

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let database: Database
    private let loop: EventLoop
    private let logger: Logger
    private let shortestPause: Duration
    private let need = WakeUp()

    /// - Parameter shortestPause: between two tries, however often it is woken.
    package init(
        database: Database, loop: EventLoop, logger: Logger, shortestPause: Duration = .seconds(3)
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.database = database
        self.loop = loop
        self.logger = logger
        self.shortestPause = shortestPause
    }

    /// A partition is missing: try now. From any thread.
    package nonisolated func wake() { need.wake() }

    /// Runs until the task is cancelled.
    package func run() async throws {
        var isFailing = false
        while true {
            do {
                try await makeAhead()
                isFailing = false
            } catch {
                try Task.checkCancellation()
                if !isFailing {
                    logger.warning("partitions could not be maintained", ["error": "\(error)"])
                }
                isFailing = true
            }
            try await loop.sleep(for: shortestPause)
            let pause = isFailing ? Self.intervalAfterFailure : Self.interval
            try await need.pause(atMost: pause - shortestPause, on: loop)
        }
    }

    package func makeAhead() async throws {
        try await database.system.withConnection { connection in
            _ = try await connection.execute("SELECT make_day_partitions(\(Int32(Self.daysAhead)))")
            _ = try await connection.execute("SELECT make_month_partitions(\(Int32(Self.monthsAhead)))")
        }
    }
}
