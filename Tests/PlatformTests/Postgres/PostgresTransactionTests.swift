import Platform
import TestSupport
import Testing

@Suite("Postgres transactions", .timeLimit(.minutes(10)))
struct PostgresTransactionTests {
    @Test("The preamble opens the transaction and ends with it")
    func preambleIsLocal() async throws {
        try await PostgresFixture.with(limit: 1) { fixture in
            let setting: SQL = "SELECT current_setting('app.tenant_id', true)"

            let inside = try await fixture.pool.transaction(
                "SET LOCAL app.tenant_id = \(literal: "o'1")", readOnly: true
            ) {
                try await $0.value(setting, as: String.self)
            }
            let outside = try await fixture.pool.withConnection {
                try await $0.value(setting, as: String.self)
            }

            #expect(inside == "o'1")
            #expect(outside == "")
        }
    }

    @Test("What a body wrote before it threw is undone, and the connection serves on")
    func throwingRollsBack() async throws {
        try await PostgresFixture.with(limit: 1) { fixture in
            try await fixture.database.run(script: "CREATE TABLE egg (id int8)")

            await #expect(throws: Stop.self) {
                try await fixture.pool.transaction(nil, readOnly: false) { transaction in
                    try await transaction.execute("INSERT INTO egg VALUES (1)")
                    throw Stop()
                }
            }

            let count = try await fixture.pool.withConnection {
                try await $0.value("SELECT count(*) FROM egg", as: Int.self)
            }
            #expect(count == 0)
        }
    }

    @Test("A transaction whose body swallowed an error does not pretend to have committed")
    func swallowedErrorsSurface() async throws {
        try await PostgresFixture.with(limit: 1) { fixture in
            let error = await #expect(throws: PostgresError.self) {
                try await fixture.pool.transaction(nil, readOnly: false) { transaction in
                    _ = try? await transaction.execute("SELECT 1 / 0")
                }
            }

            guard case .server(let details) = error else { Issue.record("\(error as Any)"); return }
            #expect(details.sqlState == "22012")
        }
    }

    @Test("A failing preamble fails the first statement")
    func preambleErrorsSurface() async throws {
        try await PostgresFixture.with(limit: 1) { fixture in
            let error = await #expect(throws: PostgresError.self) {
                try await fixture.pool.transaction("SET LOCAL no_such_setting = 1", readOnly: true) {
                    try await $0.execute("SELECT 1")
                }
            }

            guard case .server(let details) = error else { Issue.record("\(error as Any)"); return }
            #expect(details.sqlState == "42704")
            let one = try await fixture.pool.withConnection { try await $0.value("SELECT 1", as: Int.self) }
            #expect(one == 1)
        }
    }

    @Test("Reads follow one another on a connection whose COMMIT nobody awaited, writes between them")
    func unawaitedCommitsDoNotMixUp() async throws {
        try await PostgresFixture.with(limit: 2, waitLimit: 400) { fixture in
            let pool = fixture.pool
            try await fixture.database.run(script: "CREATE TABLE egg (id int8 PRIMARY KEY)")

            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<300 {
                    group.addTask {
                        if number % 3 == 0 {
                            try await pool.transaction(nil, readOnly: false) {
                                try await $0.execute("INSERT INTO egg VALUES (\(number))")
                            }
                        }
                        let read = try await pool.transaction(
                            "SET LOCAL app.n = \(literal: "\(number)")", readOnly: true
                        ) {
                            let first = try await $0.value("SELECT current_setting('app.n')", as: String.self)
                            let second = try await $0.value(
                                "SELECT count(*) FROM egg WHERE id = \(number)", as: Int.self)
                            return (first, second)
                        }
                        #expect(read.0 == "\(number)")
                        #expect(read.1 == (number % 3 == 0 ? 1 : 0))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("A read-only transaction cannot write")
    func readOnlyIsEnforced() async throws {
        try await PostgresFixture.with { fixture in
            try await fixture.database.run(script: "CREATE TABLE egg (id int8)")

            let error = await #expect(throws: PostgresError.self) {
                try await fixture.pool.transaction(nil, readOnly: true) {
                    try await $0.execute("INSERT INTO egg VALUES (1)")
                }
            }

            guard case .server(let details) = error else { Issue.record("\(error as Any)"); return }
            #expect(details.sqlState == "25006")
        }
    }

    @Test("A body without statements opens nothing and returns its value")
    func emptyBodiesCostNothing() async throws {
        try await PostgresFixture.with { fixture in
            let value = try await fixture.pool.transaction(nil, readOnly: false) { _ in 7 }

            #expect(value == 7)
        }
    }

    private struct Stop: Error {}
}
