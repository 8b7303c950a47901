import Glibc
import Platform

/// What a process has before it has anything to do: event loops, a blocking pool, metrics, a logger, a clock.
struct Runtime: Sendable {
    let loops: [EventLoop]
    let blocking: BlockingPool
    let metrics: Metrics
    let logger: Logger
    /// By which the API's limits count.
    var now: @Sendable () -> ContinuousClock.Instant = { .now }

    init(loops count: Int, logger: Logger) throws {
        loops = try EventLoop.start(count)
        blocking = try BlockingPool()
        metrics = Metrics()
        self.logger = logger
    }

    init(settings: Settings) throws {
        try self.init(loops: settings.loops, logger: settings.logger)
    }

    /// SIGINT and SIGTERM from now on end the wait that this gives, and a second one ends the process.
    func shutdownSignal() async throws -> ShutdownSignal {
        let signal = ShutdownSignal()
        let logger = logger
        let loop = loops[0]
        try await loop.run {
            try Signals.watch([SIGINT, SIGTERM, SIGHUP], on: loop) { number in
                guard number != SIGHUP else { return }
                if signal.raise() { logger.info("shutting down", ["signal": Int(number)]) } else { _exit(1) }
            }
        }
        return signal
    }
}
