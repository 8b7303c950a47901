/// A connection of its own that listens on channels, and connects again whenever it breaks.
///
/// What was sent while it was away is lost: `onReconnect` runs each time it listens anew, the first time
/// included, and is the place to read everything again.
///
/// `@unchecked Sendable`: state is confined to `loop`'s thread.
package final class PostgresListener: @unchecked Sendable {
    private enum State {
        case idle, connecting, listening(PostgresSession), waiting(TimerQueue.Token), stopped
    }

    private let loop: EventLoop
    private let configuration: PostgresConfiguration
    private let channels: [String]
    private let blocking: BlockingPool
    private let logger: Logger
    private let onNotification: @Sendable (PostgresNotification) -> Void
    private let onReconnect: @Sendable () -> Void
    private var state = State.idle
    private var failedAttempts = 0

    /// - Parameter onNotification: runs on `loop`, as does `onReconnect`.
    package init(
        loop: EventLoop, configuration: PostgresConfiguration, channels: [String], blocking: BlockingPool,
        logger: Logger, onNotification: @escaping @Sendable (PostgresNotification) -> Void,
        onReconnect: @escaping @Sendable () -> Void
    ) {
        self.loop = loop
        self.configuration = configuration
        self.channels = channels
        self.blocking = blocking
        self.logger = logger
        self.onNotification = onNotification
        self.onReconnect = onReconnect
    }

    /// Begins to listen. Once only.
    package func start() {
        loop.perform { [self] in connect() }
    }

    /// Ends the connection. No callback runs once the loop has seen this.
    package func stop() {
        loop.perform { [self] in
            switch state {
            case .listening(let session):
                state = .stopped
                session.close()
            case .waiting(let timer):
                loop.cancel(timer)
                state = .stopped
            case .idle, .connecting, .stopped: state = .stopped
            }
        }
    }

    private var isStopped: Bool { if case .stopped = state { true } else { false } }

    private func connect() {
        guard !isStopped else { return }
        state = .connecting
        // Ends by itself within the time-outs of connecting and of LISTEN.
        Task(executorPreference: loop) { [self] in
            do {
                let session = try await PostgresSession.connect(
                    configuration, loop: loop, blocking: blocking, cancelLine: PostgresCancelLine())
                guard !isStopped else { return session.close() }
                session.onNotification = onNotification
                state = .listening(session)
                session.onClose = { [self] in retry() }
                let statements: [SQL] = channels.map { "LISTEN \(identifier: $0)" }
                _ = try await session.run(statements, mayRepeat: false)
                guard !isStopped, !session.isClosed else { return }
                failedAttempts = 0
                onReconnect()
            } catch {
                if case .listening(let session) = state { session.close() } else { retry() }
            }
        }
    }

    private func retry() {
        guard !isStopped else { return }
        // A session that is lost during LISTEN says so twice: by its end and by the failed statement.
        if case .waiting = state { return }
        if failedAttempts == 0 { logger.warning("The listening connection to PostgreSQL is gone") }
        let step = min(Duration.milliseconds(50) * (1 << min(failedAttempts, 6)), .seconds(2))
        failedAttempts += 1
        let timer = loop.schedule(after: step * Double.random(in: 0.5...1)) { [self] in connect() }
        state = .waiting(timer)
    }
}
