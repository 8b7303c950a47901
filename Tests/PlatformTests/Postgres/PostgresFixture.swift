import Platform
import TestSupport

/// A loop, a pool and a database of the test's own.
struct PostgresFixture: Sendable {
    let loop: EventLoop
    let blocking: BlockingPool
    let database: TestDatabase
    let pool: PostgresPool
    let metrics = Metrics()

    init(
        limit: Int = 4, waitLimit: Int = 16, waitTimeout: Duration = .seconds(60),
        configure: (inout PostgresConfiguration) -> Void = { _ in }
    ) async throws {
        loop = try EventLoop()
        try loop.start()
        blocking = try BlockingPool()
        database = try await TestDatabase.create()
        var configuration = database.configuration
        configure(&configuration)
        pool = PostgresPool(
            loop: loop, configuration: configuration, limit: limit, waitLimit: waitLimit,
            waitTimeout: waitTimeout,
            blocking: blocking, logger: Logger(minimum: .error), metrics: metrics)
    }

    /// A connection to the same database that closing `pool` leaves alone.
    func secondPool() -> PostgresPool {
        PostgresPool(
            loop: loop, configuration: database.configuration, limit: 1, waitLimit: 1,
            waitTimeout: .seconds(60),
            blocking: blocking, logger: Logger(minimum: .error), metrics: Metrics())
    }

    /// Asks again and again, until the answer is yes.
    /// - Throws: `TimedOut`.
    func eventually(_ awaited: String, _ isTrue: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !(try await isTrue()) {
            guard ContinuousClock.now < deadline else { throw TimedOut(awaited) }
            try await loop.sleep(for: .milliseconds(5))
        }
    }

    /// Runs `body` as a request's task would run, and clears up after it.
    static func with(
        limit: Int = 4, waitLimit: Int = 16, waitTimeout: Duration = .seconds(60),
        configure: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (PostgresFixture) async throws -> Void
    ) async throws {
        let fixture = try await PostgresFixture(
            limit: limit, waitLimit: waitLimit, waitTimeout: waitTimeout, configure: configure)
        let result = await Task(executorPreference: fixture.loop) { try await body(fixture) }.result
        await fixture.pool.close()
        await fixture.database.drop()
        fixture.blocking.stop()
        fixture.loop.stop()
        try result.get()
    }
}
