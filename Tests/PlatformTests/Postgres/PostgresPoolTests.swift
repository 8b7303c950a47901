import Platform
import TestSupport
import Testing

@Suite("Postgres pool", .timeLimit(.minutes(10)))
struct PostgresPoolTests {
    @Test("A violated constraint comes as its state, constraint and table, and the connection goes on")
    func serverErrorsAreTyped() async throws {
        try await PostgresFixture.with { fixture in
            try await fixture.database.run(
                script: "CREATE TABLE bird (id int8 CONSTRAINT bird_key PRIMARY KEY)")
            try await fixture.pool.withConnection { connection in
                try await connection.execute("INSERT INTO bird VALUES (\(1))")

                let error = await #expect(throws: PostgresError.self) {
                    try await connection.execute("INSERT INTO bird VALUES (\(1))")
                }

                guard case .server(let details) = error else { Issue.record("\(error as Any)"); return }
                #expect(details.sqlState == "23505")
                #expect(details.constraint == "bird_key")
                #expect(details.table == "bird")
                let birds = try await connection.value("SELECT count(*) FROM bird", as: Int.self)
                #expect(birds == 1)
            }
        }
    }

    @Test("Statements of several tasks on one connection each get their own answer")
    func pipelinedAnswersStayInOrder() async throws {
        try await PostgresFixture.with { fixture in
            try await fixture.pool.withConnection { connection in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<200 {
                        group.addTask {
                            if number % 7 == 0 {
                                await #expect(throws: PostgresError.self) {
                                    try await connection.query("SELECT 1 / (\(number) - \(number))")
                                }
                            } else {
                                let answer = try await connection.value("SELECT \(number)", as: Int.self)
                                #expect(answer == number)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("A statement that cannot be prepared fails alone, however often")
    func failedPrepareDoesNotPoison() async throws {
        try await PostgresFixture.with { fixture in
            try await fixture.pool.withConnection { connection in
                for _ in 0..<3 {
                    let error = await #expect(throws: PostgresError.self) {
                        try await connection.query("SELECT * FROM nest WHERE id = \(1)")
                    }
                    guard case .server(let details) = error else { Issue.record("\(error as Any)"); return }
                    #expect(details.sqlState == "42P01")
                }
                try await connection.execute("CREATE TABLE nest (id int8)")

                let nests = try await connection.query("SELECT * FROM nest WHERE id = \(1)")
                #expect(nests.isEmpty)
            }
        }
    }

    @Test("A pipeline is one transaction: all of it or nothing")
    func pipelinesAreAtomic() async throws {
        try await PostgresFixture.with { fixture in
            try await fixture.pool.withConnection { connection in
                try await connection.execute("CREATE TABLE egg (id int8 PRIMARY KEY)")
                await #expect(throws: PostgresError.self) {
                    try await connection.pipeline([
                        "INSERT INTO egg VALUES (\(1))", "INSERT INTO egg VALUES (\(1))",
                    ])
                }
                let before = try await connection.value("SELECT count(*) FROM egg", as: Int.self)
                #expect(before == 0)

                let rows = try await connection.pipeline([
                    "INSERT INTO egg VALUES (\(1))", "INSERT INTO egg VALUES (\(2)) RETURNING id",
                ])

                #expect(rows.map(\.affectedRows) == [1, 1])
                let after = try await connection.value("SELECT count(*) FROM egg", as: Int.self)
                #expect(after == 2)
            }
        }
    }

    @Test("A statement whose result type has changed is prepared anew, in a transaction's first place too")
    func stalePlansAreRenewed() async throws {
        try await PostgresFixture.with(limit: 1) { fixture in
            let pool = fixture.pool
            try await fixture.database.run(script: "CREATE TABLE twig (id int8); INSERT INTO twig VALUES (1)")
            let columns: @Sendable () async throws -> Int = {
                try await pool.withConnection {
                    try await $0.value("SELECT count(*) FROM (SELECT * FROM twig) t", as: Int.self)!
                }
            }
            let before = try await columns()
            #expect(before == 1)
            _ = try await pool.withConnection { try await $0.query("SELECT * FROM twig") }

            try await fixture.database.run(script: "ALTER TABLE twig ADD COLUMN length int8")
            _ = try await pool.withConnection { try await $0.query("SELECT * FROM twig") }
            try await fixture.database.run(script: "ALTER TABLE twig ADD COLUMN width int8")
            _ = try await pool.transaction(nil, readOnly: true) { try await $0.query("SELECT * FROM twig") }

            let after = try await columns()
            #expect(after == 1)
        }
    }

    @Test("When every connection is taken, a bounded number waits, and not for ever")
    func exhaustionIsBounded() async throws {
        try await PostgresFixture.with(limit: 1, waitLimit: 1, waitTimeout: .seconds(2)) { fixture in
            let pool = fixture.pool
            // Connecting may take longer than this pool lets anybody wait.
            try await fixture.eventually("a connection") {
                do {
                    try await pool.withConnection { _ in }
                    return true
                } catch PostgresError.poolExhausted {
                    return false
                }
            }
            try await pool.withConnection { _ in
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<3 {
                        group.addTask {
                            await #expect(throws: PostgresError.poolExhausted) {
                                try await pool.withConnection { _ in }
                            }
                        }
                    }
                }
            }

            let one = try await pool.withConnection { try await $0.value("SELECT 1::int8", as: Int.self) }
            #expect(one == 1)
        }
    }

    @Test("The session takes on the configured role")
    func roleIsTaken() async throws {
        let role = "rookery_test_role"
        try await PostgresFixture.with(configure: { $0.role = role }) { fixture in
            try await fixture.database.run(
                script: "DO $$ BEGIN CREATE ROLE \(role); EXCEPTION WHEN duplicate_object THEN NULL; END $$")

            let taken = try await fixture.pool.withConnection {
                try await $0.value("SELECT current_user::text", as: String.self)
            }

            #expect(taken == role)
        }
    }
}
