/// The connections of one event loop: opened as they are needed, up to a limit, and lent to one task at a time.
///
/// When the server cannot be reached the pool is *down*: requests fail at once with `unavailable`, and one
/// probe at a time tries to connect, waiting longer after each failure (50 ms … 2 s, with jitter). Its success
/// ends the state. A connection that breaks fails what is under way on it; the next request opens another.
///
/// `@unchecked Sendable`: state is confined to `loop`'s thread; the async functions may be called from anywhere.
package final class PostgresPool: @unchecked Sendable {
    struct Waiter {
        let number: UInt64
        let since: ContinuousClock.Instant
        let timer: TimerQueue.Token
        let resume: @Sendable (Result<PostgresSession, PostgresError>) -> Void
    }

    let loop: EventLoop
    let configuration: PostgresConfiguration
    let limit: Int
    let waitLimit: Int
    let waitTimeout: Duration
    let blocking: BlockingPool
    let cancelLine = PostgresCancelLine()
    let logger: Logger
    let connections: Gauge
    let waitSeconds: Histogram
    let errors: Counter

    var sessions: [PostgresSession] = []
    var idle: [PostgresSession] = []
    var waiters: [Waiter] = []
    var lastWaiter: UInt64 = 0
    var connecting = 0
    var failedAttempts = 0
    var isDown = false
    var retry: TimerQueue.Token?
    var watchdog: TimerQueue.Token?
    var isClosing = false
    var closers: [CheckedContinuation<Void, Never>] = []
    var lastTrouble: ContinuousClock.Instant?

    /// Why the last attempt to connect failed, in libpq's words: for the operator, not for clients.
    package internal(set) var lastConnectFailure: String?

    package init(
        loop: EventLoop, configuration: PostgresConfiguration, limit: Int, waitLimit: Int,
        waitTimeout: Duration,
        blocking: BlockingPool, logger: Logger, metrics: Metrics
    ) {
        self.loop = loop
        self.configuration = configuration
        self.limit = limit
        self.waitLimit = waitLimit
        self.waitTimeout = waitTimeout
        self.blocking = blocking
        self.logger = logger
        connections = metrics.gauge("rookery_postgres_connections", "Open connections to PostgreSQL.")
        waitSeconds = metrics.histogram(
            "rookery_postgres_wait_seconds", "Wait for a connection from the pool.")
        errors = metrics.counter("rookery_postgres_errors_total", "Database operations that failed.")
    }

    /// Lends a connection to `body`. Statements commit one by one.
    /// - Throws: `PostgresError`, or what `body` throws.
    @discardableResult
    package func withConnection<T>(
        _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        let session = try await acquire()
        defer { release(session) }
        do {
            return try await body(PostgresConnection(session))
        } catch {
            if let error = error as? PostgresError { note(error) }
            throw error
        }
    }

    /// Runs `body` in a transaction. It commits when `body` returns and rolls back when `body` throws.
    ///
    /// The first statement takes BEGIN and the preamble with it. A read-only transaction's COMMIT is not awaited, and
    /// leaves with the connection's next statements, or a millisecond later; a write is committed when this returns.
    /// On `connectionLost` it may have been committed or not. Once `body` has returned, cancellation no longer stops the commit.
    /// - Parameter preamble: one statement that opens every transaction, such as `SET LOCAL`.
    @discardableResult
    package func transaction<T>(
        _ preamble: SQL?, readOnly: Bool, _ body: (PostgresTransaction) async throws -> T
    ) async throws -> T {
        let session = try await acquire()
        defer { release(session) }
        let transaction = PostgresTransaction(session, preamble: preamble, isReadOnly: readOnly)
        do {
            let value: T
            do {
                value = try await body(transaction)
            } catch {
                transaction.rollBack()
                throw error
            }
            try await transaction.commit()
            return value
        } catch {
            if let error = error as? PostgresError { note(error) }
            throw error
        }
    }

    /// Refuses new requests, waits for those under way and closes every connection.
    package func close() async {
        await withCheckedContinuation { continuation in
            loop.perform { [self] in
                closers.append(continuation)
                beginClosing()
            }
        }
    }
}
