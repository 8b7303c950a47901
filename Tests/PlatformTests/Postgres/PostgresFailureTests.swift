import Platform
import TestSupport
import Testing

@Suite("Postgres failures", .timeLimit(.minutes(10)))
struct PostgresFailureTests {
    @Test("A cancelled statement ends at once, is stopped on the server, and its connection serves on")
    func cancelStopsTheStatement() async throws {
        try await PostgresFixture.with(limit: 1, configure: { $0.statementTimeout = nil }) { fixture in
            let pool = fixture.pool
            let identifier = try await pool.withConnection {
                try await $0.value("SELECT pg_backend_pid()", as: Int32.self)
            }
            // Whoever waited for its end would wait for longer than the pool lets anybody.
            let task = Task(executorPreference: fixture.loop) {
                try await pool.transaction(nil, readOnly: false) {
                    try await $0.execute("SELECT pg_sleep(3600)")
                }
            }
            try await fixture.awaitBackend(running: "SELECT pg_sleep(3600)")

            task.cancel()

            await #expect(throws: PostgresError.cancelled) { try await task.value }
            let after = try await pool.withConnection {
                try await $0.value("SELECT pg_backend_pid()", as: Int32.self)
            }
            #expect(after == identifier)
        }
    }

    @Test("Cancelled and finished statements in a storm never swap answers")
    func cancelStorm() async throws {
        try await PostgresFixture.with(limit: 3, waitLimit: 500) { fixture in
            let pool = fixture.pool
            let outcomes = await withTaskGroup(of: Bool.self, returning: [Bool].self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let task = Task(executorPreference: fixture.loop) {
                            try await pool.transaction(
                                "SET LOCAL app.n = \(literal: "\(number)")", readOnly: number % 2 == 0
                            ) {
                                try await $0.value(
                                    "SELECT current_setting('app.n')::int8 + \(number) FROM pg_sleep(0.002)",
                                    as: Int.self)
                            }
                        }
                        if number % 3 == 0 {
                            try? await fixture.loop.sleep(for: .microseconds(100 * number))
                            task.cancel()
                        }
                        switch await task.result {
                        case .success(let value): return value == number * 2
                        case .failure(let error):
                            return number % 3 == 0 && error as? PostgresError == .cancelled
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }

            #expect(outcomes.count == 200 && !outcomes.contains(false))
        }
    }

    @Test("The statement time-out is an error of its own")
    func statementTimeout() async throws {
        try await PostgresFixture.with(configure: { $0.statementTimeout = .milliseconds(50) }) { fixture in
            await #expect(throws: PostgresError.timedOut) {
                try await fixture.pool.withConnection { try await $0.execute("SELECT pg_sleep(10)") }
            }
        }
    }

    @Test("A connection that the server ends fails what was under way, and the next request gets a new one")
    func terminatedConnectionsAreReplaced() async throws {
        try await PostgresFixture.with(limit: 1) { fixture in
            let pool = fixture.pool
            let task = Task(executorPreference: fixture.loop) {
                try await pool.withConnection { try await $0.execute("SELECT pg_sleep(30)") }
            }
            try await fixture.awaitBackend(running: "SELECT pg_sleep(30)")

            try await fixture.database.run(
                script: """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """)

            await #expect(throws: PostgresError.connectionLost) { try await task.value }
            let one = try await pool.withConnection { try await $0.value("SELECT 1", as: Int.self) }
            #expect(one == 1)
        }
    }

    @Test("Where no server answers, requests fail at once and say so")
    func unreachableServersFailFast() async throws {
        try await PostgresFixture.with { fixture in
            let nowhere = try PostgresConfiguration(url: "postgresql://x@127.0.0.1:1/x")
            let pool = PostgresPool(
                loop: fixture.loop, configuration: nowhere, limit: 2, waitLimit: 2,
                waitTimeout: .seconds(3600),
                blocking: fixture.blocking, logger: Logger(minimum: .error), metrics: Metrics())

            // A request that waited instead would do so past the suite's time limit.
            for _ in 0..<5 {
                await #expect(throws: PostgresError.unavailable) { try await pool.withConnection { _ in } }
            }

            await pool.close()
        }
    }

    @Test("What ails the server itself is logged, once; what ails a statement is not")
    func serversTrouble() async throws {
        try await PostgresFixture.with { fixture in
            let lines = Happenings<String>()
            let pool = PostgresPool(
                loop: fixture.loop, configuration: fixture.database.configuration, limit: 1, waitLimit: 1,
                waitTimeout: .seconds(60), blocking: fixture.blocking,
                logger: Logger(minimum: .info, write: { lines.add($0) }), metrics: Metrics())
            let raise = { (state: String) in
                "DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '\(state)'; END $$"
            }

            for state in ["22012", "53100", "53100"] {
                await #expect(throws: PostgresError.self) {
                    try await pool.withConnection { try await $0.execute(SQL(trusted: raise(state))) }
                }
            }

            #expect(lines.all.count == 1)
            #expect(lines.all.first?.contains("53100") ?? false)
            await pool.close()
        }
    }

    @Test("Closing waits for what is under way")
    func closeDrains() async throws {
        try await PostgresFixture.with(limit: 2) { fixture in
            let pool = fixture.pool
            let holder = fixture.secondPool()
            let statement = "SELECT 7::int8 FROM pg_advisory_lock(7)"
            try await holder.withConnection { connection in
                _ = try await connection.execute("SELECT pg_advisory_lock(7)")
                let task = Task(executorPreference: fixture.loop) {
                    try await pool.withConnection {
                        try await $0.value(SQL(trusted: statement), as: Int.self)
                    }
                }
                try await fixture.awaitBackend(running: statement)

                let closing = Task(executorPreference: fixture.loop) { await pool.close() }
                try await fixture.awaitRefusal()
                _ = try await connection.execute("SELECT pg_advisory_unlock(7)")
                await closing.value

                let value = try await task.value
                #expect(value == 7)
            }
            await holder.close()
        }
    }
}

extension PostgresFixture {
    /// Waits until a session of this database runs `statement`.
    func awaitBackend(running statement: String) async throws {
        try await eventually("a session that runs \(statement)") {
            let found = try await database.run(
                script: """
                    SELECT 1 FROM pg_stat_activity
                    WHERE datname = current_database() AND state = 'active' AND query = \((
                        "\(literal: statement)" as SQL).text)
                    """)
            return !found.isEmpty
        }
    }

    /// Waits until the pool takes no new requests, as it does once it is closing.
    func awaitRefusal() async throws {
        try await eventually("the pool to take no requests") {
            do {
                try await pool.withConnection { _ in }
                return false
            } catch PostgresError.unavailable {
                return true
            }
        }
    }
}
