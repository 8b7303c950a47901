import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Tenant directory refresh", .serialized, .timeLimit(.minutes(10)))
struct TenantDirectoryRefreshTests {
    @Test("Nothing is known before the first look, and everything after it but what is deleted")
    func firstLook() async throws {
        try await Fixture.with { fixture in
            let directory = TenantDirectory()
            let kept = try await fixture.tenant("Kept", limits: TenantLimits())
            let gone = try await fixture.tenant("Gone")
            try await fixture.tamper("UPDATE tenant SET status = 'deleted' WHERE id = \(gone.id)")
            let wasLoaded = directory.isLoaded

            try await fixture.refresh(directory).refresh()

            #expect(!wasLoaded && directory.isLoaded)
            #expect(directory.count == 1)
            #expect(directory[kept.id] == TenantDirectory.Entry(status: .active, limits: TenantLimits()))
            #expect(directory[kept.id]?.requestsPerMinutePerCaller == 600)
        }
    }

    /// `few`: as with many tenants, where all are gone through only after a sign of a change.
    @Test("What is changed by hand, without updated_at, is found at the next look", arguments: [5000, 0])
    func byHand(_ few: Int) async throws {
        try await Fixture.with { fixture in
            let directory = TenantDirectory()
            let refresh = fixture.refresh(directory, few: few)
            let tenant = try await fixture.tenant(limits: TenantLimits())
            try await refresh.refresh()

            try await fixture.byHand("UPDATE tenant SET limits = '{\"requests_per_minute\": 5}'")
            try await fixture.eventually("the limit") {
                try await refresh.refresh()
                return directory[tenant.id]?.requestsPerMinute == 5
            }
            try await fixture.byHand("UPDATE tenant SET status = 'suspended'")
            try await refresh.refresh()
            let suspended = directory[tenant.id]?.status
            try await fixture.byHand("UPDATE tenant SET status = 'active'")
            try await refresh.refresh()
            let active = directory[tenant.id]?.status
            try await fixture.byHand("UPDATE tenant SET status = 'deleted'")
            try await fixture.eventually("the deletion") {
                try await refresh.refresh()
                return directory[tenant.id] == nil
            }

            #expect(suspended == .suspended && active == .active)
        }
    }

    @Test("A change that commits long after it was made is found")
    func lateCommit() async throws {
        try await Fixture.with { fixture in
            let directory = TenantDirectory()
            let refresh = fixture.refresh(directory)
            let tenant = try await fixture.tenant()
            try await refresh.refresh()

            try await fixture.superuser.withConnection { connection in
                try await connection.execute("BEGIN")
                try await connection.execute("UPDATE tenant SET limits = '{\"requests_per_minute\": 7}'")
                for _ in 0..<3 { try await refresh.refresh() }
                try await connection.execute("COMMIT")
            }
            try await refresh.refresh()

            #expect(directory[tenant.id]?.requestsPerMinute == 7)
        }
    }

    @Test("More tenants than one page are all read, and those that vanish are forgotten")
    func pages() async throws {
        try await Fixture.with { fixture in
            let directory = TenantDirectory()
            try await fixture.tamper(
                """
                INSERT INTO tenant (id, name, slug)
                SELECT gen_random_uuid(), 'Nest', 'nest-' || n FROM generate_series(1, 12001) AS n
                """)

            try await fixture.refresh(directory).refresh()
            let all = directory.count
            try await fixture.tamper("DELETE FROM tenant WHERE slug > 'nest-5'")
            try await fixture.refresh(directory).refresh()

            #expect(all == 12001)
            #expect(directory.count < 12001 && directory.count > 0)
        }
    }

    @Test("With many tenants a look at which nothing has changed goes through none of them")
    func quiet() async throws {
        try await Fixture.with { fixture in
            let directory = TenantDirectory()
            let refresh = fixture.refresh(directory, few: 0)
            try await fixture.tamper(
                """
                INSERT INTO tenant (id, name, slug, updated_at)
                SELECT gen_random_uuid(), 'Nest', 'nest-' || n, now() - interval '1 day'
                FROM generate_series(1, 20000) AS n
                """)
            try await fixture.tamper("ANALYZE tenant")
            try await fixture.tamper("SELECT pg_stat_force_next_flush()")
            for _ in 0..<3 { try await refresh.refresh() }

            let before = try await fixture.rowsRead()
            for _ in 0..<10 { try await refresh.refresh() }
            let after = try await fixture.rowsRead()

            #expect(after - before < 20_000)
        }
    }

    @Test("A tenant of which this node has not heard yet is looked up, one that is deleted is not found")
    func lookUp() async throws {
        try await Fixture.with { fixture in
            let directory = TenantDirectory()
            let tenant = try await fixture.tenant(limits: TenantLimits())

            let found = try await directory.entry(of: tenant.id, in: fixture.database)
            try await fixture.tamper("UPDATE tenant SET status = 'deleted'")
            let deleted = try await directory.entry(of: tenant.id, in: fixture.database)
            let never = try await directory.entry(of: ID(), in: fixture.database)

            #expect(found?.status == .active && found?.requestsPerMinute == 600)
            #expect(deleted == nil && never == nil)
            #expect(directory[tenant.id] == nil)
        }
    }
}

extension Fixture {
    fileprivate func refresh(_ directory: TenantDirectory, logger: Logger? = nil, few: Int = 5000)
        -> TenantDirectoryRefresh
    {
        TenantDirectoryRefresh(
            loop: loop, database: database, directory: directory, logger: logger ?? self.logger, few: few)
    }

    /// As somebody at a terminal does it: the session comes to rest after the statement, so that it is counted.
    fileprivate func byHand(_ statement: SQL) async throws {
        try await superuser.withConnection { connection in
            _ = try await connection.query("SELECT pg_stat_force_next_flush()")
            try await connection.execute(statement)
            _ = try await connection.query("SELECT pg_stat_force_next_flush()")
        }
    }

    /// Rows of the tenants that were read, by any index or none.
    fileprivate func rowsRead() async throws -> Int64 {
        for pool in [database.upkeep] {
            try await pool.withConnection { connection in
                _ = try await connection.query("SELECT pg_stat_force_next_flush()")
            }
        }
        return try await superuser.withConnection { connection in
            try await connection.value(
                """
                SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'tenant'
                """, as: Int64.self)
        } ?? 0
    }
}
