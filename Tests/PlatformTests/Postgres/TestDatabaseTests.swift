import FoundationEssentials
import Platform
import Synchronization
import TestSupport
import Testing

@Suite("Test databases", .timeLimit(.minutes(10)))
struct TestDatabaseTests {
    @Test("Suites that start together fill the template once and get a copy each")
    func templatesAreMadeOnce() async throws {
        let version = UUID().uuidString
        let prepared = Mutex(0)
        let blocking = try BlockingPool(threads: 1)
        let prepare: @Sendable (PostgresConfiguration) async throws -> Void = { configuration in
            prepared.withLock { $0 += 1 }
            _ = try await blocking.run {
                try PostgresScriptConnection(configuration).run(script: "CREATE TABLE egg (id int8)")
            }
        }

        let databases = try await withThrowingTaskGroup(of: TestDatabase.self, returning: [TestDatabase].self)
        { group in
            for _ in 0..<3 {
                group.addTask { try await TestDatabase.create(version: version, prepare: prepare) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        for database in databases { try await database.run(script: "INSERT INTO egg VALUES (1)") }
        #expect(prepared.withLock { $0 } == 1)
        #expect(Set(databases.map(\.name)).count == 3)
        for database in databases { await database.drop() }
        blocking.stop()
    }
}
