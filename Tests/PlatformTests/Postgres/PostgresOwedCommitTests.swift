import Platform
import TestSupport
import Testing

/// A read's COMMIT leaves with the connection's next statements.
@Suite("Postgres owed commits", .timeLimit(.minutes(10)))
struct PostgresOwedCommitTests {
    private static let setting: SQL = "SELECT coalesce(current_setting('app.tenant_id', true), '')"

    @Test(
        "What comes next on the connection sees nothing of the read's settings, in a transaction or in none")
    func settingsEnd() async throws {
        try await PostgresFixture.with(limit: 1) { fixture in
            let pool = fixture.pool
            var seen: [String?] = []

            for number in 0..<20 {
                try await fixture.read()
                seen.append(
                    number.isMultiple(of: 2)
                        ? try await pool.withConnection { try await $0.value(Self.setting, as: String.self) }
                        : try await pool.transaction(nil, readOnly: false) {
                            try await $0.value(Self.setting, as: String.self)
                        })
            }

            #expect(seen == Array(repeating: "", count: 20))
        }
    }

    @Test("A connection that nobody uses is out of its transaction soon")
    func idleConnections() async throws {
        try await PostgresFixture.with(limit: 1) { fixture in
            let watcher = fixture.secondPool()
            let backend = try await fixture.read()

            try await fixture.eventually("the connection to be out of its transaction") {
                try await watcher.withConnection {
                    try await $0.value(
                        "SELECT state FROM pg_stat_activity WHERE pid = \(backend)", as: String.self)
                } == "idle"
            }
            await watcher.close()
        }
    }

    @Test("A cancellation of what carries the COMMIT leaves a connection that serves on")
    func cancellation() async throws {
        try await PostgresFixture.with(limit: 1) { fixture in
            let backend = try await fixture.read()
            let task = Task(executorPreference: fixture.loop) {
                try await fixture.pool.withConnection { try await $0.execute("SELECT pg_sleep(30)") }
            }
            try await fixture.awaitBackend(running: "SELECT pg_sleep(30)")

            task.cancel()

            await #expect(throws: PostgresError.cancelled) { try await task.value }
            let (after, setting) = try await fixture.pool.withConnection {
                (
                    try await $0.value("SELECT pg_backend_pid()", as: Int32.self),
                    try await $0.value(Self.setting, as: String.self)
                )
            }
            #expect(after == backend && setting == "")
        }
    }

    @Test("A task cancelled before it sends anything takes no COMMIT with it")
    func cancelledBefore() async throws {
        try await PostgresFixture.with(limit: 1) { fixture in
            for _ in 0..<20 {
                let backend = try await fixture.read()
                let task = Task(executorPreference: fixture.loop) {
                    try await fixture.pool.withConnection { try await $0.execute("SELECT 1") }
                }
                task.cancel()
                _ = await task.result

                let (after, setting) = try await fixture.pool.withConnection {
                    (
                        try await $0.value("SELECT pg_backend_pid()", as: Int32.self),
                        try await $0.value(Self.setting, as: String.self)
                    )
                }
                #expect(after == backend && setting == "")
            }
        }
    }

    @Test("A stale plan behind the COMMIT is made anew, alone and at the beginning of a transaction")
    func stalePlans() async throws {
        try await PostgresFixture.with(limit: 1) { fixture in
            let pool = fixture.pool
            let columns: SQL = "SELECT * FROM egg"
            try await fixture.database.run(script: "CREATE TABLE egg (id int8); INSERT INTO egg VALUES (1)")
            _ = try await pool.withConnection { try await $0.query(columns) }

            try await fixture.database.run(script: "ALTER TABLE egg ADD COLUMN color text DEFAULT 'blue'")
            try await fixture.read()
            let alone = try await pool.withConnection { try await $0.query(columns).count }
            try await fixture.database.run(script: "ALTER TABLE egg ADD COLUMN size text")
            try await fixture.read()
            let within = try await pool.transaction(nil, readOnly: true) { try await $0.query(columns).count }
            let setting = try await pool.withConnection { try await $0.value(Self.setting, as: String.self) }

            #expect(alone == 1 && within == 1 && setting == "")
        }
    }

    @Test("A COMMIT that fails is not the next one's error: the connection is given up")
    func failure() async throws {
        try await PostgresFixture.with(limit: 1) { fixture in
            let pool = fixture.pool
            let first = try await pool.withConnection { connection in
                try await connection.execute(
                    "CREATE TEMP TABLE egg (id int8 UNIQUE DEFERRABLE INITIALLY DEFERRED)")
                return try await connection.value("SELECT pg_backend_pid()", as: Int32.self)
            }
            // A temporary table may be written in a read, and its constraint is checked by COMMIT.
            try await pool.transaction(nil, readOnly: true) {
                try await $0.execute("INSERT INTO egg VALUES (1), (1)")
            }

            let next = await Task(executorPreference: fixture.loop) {
                try await pool.withConnection { try await $0.execute("SELECT 1") }
            }.result
            let later = try await pool.withConnection {
                try await $0.value("SELECT pg_backend_pid()", as: Int32.self)
            }

            // The COMMIT may have left by itself before, and the next one got a connection of its own.
            if case .failure(let error) = next { #expect(error as? PostgresError == .connectionLost) }
            #expect(later != first)
        }
    }
}

extension PostgresFixture {
    /// Reads as a tenant would.
    /// - Returns: the backend that served it.
    @discardableResult
    fileprivate func read() async throws -> Int32 {
        try await pool.transaction("SET LOCAL app.tenant_id = 'wren'", readOnly: true) {
            try await $0.value("SELECT pg_backend_pid()", as: Int32.self)
        } ?? 0
    }
}
