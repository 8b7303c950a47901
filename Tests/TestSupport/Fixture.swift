import Platform
import Synchronization
import Tenancy

/// A migrated database of a test's own, an event loop, and the program's real ways into the database: role
/// rookery_app under row-level security, rookery_system for the jobs that span tenants.
package final class Fixture: Sendable {
    package let loop: EventLoop
    package let testDatabase: TestDatabase
    package let database: Database
    /// Past every right and policy: for looking, and for doing what the program never does.
    package let superuser: PostgresPool
    package let box: SecretBox
    /// What `box` seals with, as ROOKERY_MASTER_KEY takes it.
    package let masterKey: String
    package let metrics = Metrics()
    package let logger = Logger(minimum: .error, write: { _ in })
    package let blocking: BlockingPool

    private struct Node: Sendable {
        let loop: EventLoop
        let database: Database
    }

    private let others = Mutex<[Node]>([])
    private let lastTelegramID = Mutex<Int64>(7_000_000_000)

    package var bots: BotSecrets { BotSecrets(box: box) }
    package var consumers: ConsumerSecrets { ConsumerSecrets(box: box) }

    private init() async throws {
        loop = try EventLoop()
        try loop.start()
        blocking = try BlockingPool(threads: 2)
        testDatabase = try await TestDatabase.migrated()
        masterKey = "test:" + Base64.encode(Random.bytes(32))
        box = SecretBox(keyRing: try KeyRing(masterKey))
        superuser = PostgresPool(
            loop: loop, configuration: testDatabase.configuration, limit: 2, waitLimit: 100,
            waitTimeout: .seconds(60), blocking: blocking, logger: logger, metrics: metrics)
        database = try Self.database(testDatabase, loop, blocking, logger, metrics)
    }

    /// Runs `body` as a request's task would run, on the fixture's loop, and clears up after it.
    package static func with(_ body: @escaping @Sendable (Fixture) async throws -> Void) async throws {
        let fixture = try await Fixture()
        let result = await Task(executorPreference: fixture.loop) { try await body(fixture) }.result
        await fixture.close()
        try result.get()
    }

    /// Another event loop with pools of its own, as a second loop or node has them.
    package func other() throws -> (loop: EventLoop, database: Database) {
        let loop = try EventLoop(index: 1)
        try loop.start()
        let database = try Self.database(testDatabase, loop, blocking, logger, metrics)
        others.withLock { $0.append(Node(loop: loop, database: database)) }
        return (loop, database)
    }

    /// Runs `body` on the loop.
    package func onLoop<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await loop.run(body)
    }

    /// Asks again and again, until the answer is yes.
    /// - Throws: `TimedOut`, after a time in which even a machine with other things to do gets there.
    package func eventually(
        _ awaited: String, within patience: Duration = .seconds(60), _ isTrue: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + patience
        while !(try await isTrue()) {
            guard ContinuousClock.now < deadline else { throw TimedOut(awaited) }
            try await loop.sleep(for: .milliseconds(10))
        }
    }

    package func nextTelegramID() -> Int64 {
        lastTelegramID.withLock { last in
            last += 1
            return last
        }
    }

    private func close() async {
        for node in others.withLock({ $0 }) {
            await node.database.close()
            node.loop.stop()
        }
        await database.close()
        await superuser.close()
        await testDatabase.drop()
        blocking.stop()
        loop.stop()
    }

    private static func database(
        _ test: TestDatabase, _ loop: EventLoop, _ blocking: BlockingPool, _ logger: Logger,
        _ metrics: Metrics
    ) throws -> Database {
        func pool(role: String?) throws -> PostgresPool {
            var configuration = TestDatabase.patient(try PostgresConfiguration(url: test.programURL()))
            configuration.role = role
            return PostgresPool(
                loop: loop, configuration: configuration, limit: 4, waitLimit: 1000,
                waitTimeout: .seconds(60), blocking: blocking, logger: logger, metrics: metrics)
        }
        return Database(tenants: try pool(role: nil), system: try pool(role: "rookery_system"))
    }
}
