import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Database", .timeLimit(.minutes(10)))
struct DatabaseTests {
    @Test("With every system connection taken updates are still logged and leases kept")
    func noisyNeighbour() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let pools = try (0..<3).map { _ in try fixture.systemPool(limit: 1, waitLimit: 0) }
            let database = Database(
                tenants: fixture.superuser, system: pools[0], append: pools[1], upkeep: pools[2])
            let appender = UpdateAppender(
                loop: fixture.loop, database: database, turns: AppendTurns(), metrics: Metrics(),
                deliveries: Deliveries([], leases: ShardLeases()))
            let leases = ShardLeases()
            let keeper = ShardKeeper(
                loop: fixture.loop, database: database, node: ID(), leases: leases, logger: fixture.logger
            ) { _ in }

            try await pools[0].withConnection { _ in
                await #expect(throws: PostgresError.poolExhausted) {
                    try await pools[0].withConnection { _ in }
                }
                try await appender.append(fixture.message(1, to: bot))
                let keeping = Task(executorPreference: fixture.loop) { try await keeper.run() }
                try await fixture.eventually("the shards") { leases.holdsAll }
                keeping.cancel()
                _ = await keeping.result
            }

            #expect(try await fixture.count("SELECT count(*) FROM update_log") == 1)
            for pool in pools { await pool.close() }
        }
    }
}

extension Fixture {
    /// Connections as rookery_system, beside the fixture's own.
    func systemPool(limit: Int, waitLimit: Int) throws -> PostgresPool {
        var configuration = try PostgresConfiguration(url: testDatabase.programURL())
        configuration.role = "rookery_system"
        return PostgresPool(
            loop: loop, configuration: configuration, limit: limit, waitLimit: waitLimit,
            waitTimeout: .seconds(60), blocking: blocking, logger: logger, metrics: Metrics())
    }
}
