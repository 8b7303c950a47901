import Glibc
import Platform
import TestSupport
import Testing

@Suite("A private PostgreSQL", .timeLimit(.minutes(10)), .serialized)
struct PostgresClusterTests {
    @Test("Keeps its data, comes back after kill -9, is taken over, and a pool heals by itself")
    func lifeOfACluster() async throws {
        let folder = try TemporaryFolder()
        let loop = try EventLoop()
        try loop.start()
        let blocking = try BlockingPool()
        let logger = Logger(minimum: .error)
        let cluster = PostgresCluster(
            directory: folder.path + "/pg", loop: loop, blocking: blocking, logger: logger)
        defer {
            folder.remove()
            blocking.stop()
            loop.stop()
        }

        try await cluster.start()
        do {
            let url = try await cluster.createRole("nest_owner", attributes: "CREATEROLE", database: "nest")
            try await cluster.createDatabase("nest", owner: "nest_owner")
            let pool = PostgresPool(
                loop: loop, configuration: try PostgresConfiguration(url: url), limit: 2, waitLimit: 8,
                waitTimeout: .seconds(5), blocking: blocking, logger: logger, metrics: Metrics())
            try await pool.withConnection { try await $0.execute("CREATE TABLE egg (id int8)") }
            try await pool.withConnection { try await $0.execute("INSERT INTO egg VALUES (1)") }

            // Its death: requests fail, none hangs, and then all is well again.
            let first = try #require(await cluster.process)
            kill(first, SIGKILL)
            let second = try await successor(of: first, cluster, loop)
            try await expectHealed(pool, loop)

            // The program's death: another takes the running server over and sees the data.
            let heir = PostgresCluster(
                directory: folder.path + "/pg", loop: loop, blocking: blocking, logger: logger)
            try await heir.start()
            #expect(await heir.process == second)
            await cluster.stop()
            try await expectHealed(pool, loop)

            // A stop and a start on the same data and port.
            await heir.stop()
            #expect(kill(second, 0) != 0)
            await #expect(throws: PostgresError.self) {
                try await pool.withConnection { try await $0.execute("SELECT 1") }
            }
            try await cluster.start()
            try await expectHealed(pool, loop)
            await pool.close()
        } catch {
            await cluster.stop()
            throw error
        }
        await cluster.stop()
    }

    /// Waits until another process serves: sessions of a killed server may answer for a moment yet.
    private func successor(of process: Int32, _ cluster: PostgresCluster, _ loop: EventLoop) async throws
        -> Int32
    {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(120) {
            if let current = await cluster.process, current != process { return current }
            try await loop.sleep(for: .milliseconds(20))
        }
        Issue.record("the server was not started again")
        return process
    }

    /// Asks until an answer comes. Each request ends by itself, in a time that even a busy machine keeps to.
    private func expectHealed(_ pool: PostgresPool, _ loop: EventLoop) async throws {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(120) {
            let asked = ContinuousClock.now
            let count = try? await pool.withConnection {
                try await $0.value("SELECT count(*) FROM egg", as: Int.self)
            }
            #expect(ContinuousClock.now - asked < .seconds(60))
            if count == 1 { return }
            try await loop.sleep(for: .milliseconds(20))
        }
        Issue.record("the pool did not heal")
    }
}
