import Platform
import Tenancy
import TestSupport
import Testing

@testable import Auth

@Suite("Audit trail", .serialized, .timeLimit(.minutes(10)))
struct AuditTrailTests {
    @Test("An event is stored to the last column as it was signed")
    func roundTrip() async throws {
        try await Ledger.with { ledger in
            try await ledger.record(.adminUpdate)

            let event = try #require(try await events(ledger).first)
            let key = try await ledger.trail.key()
            #expect(event.isGenuine(key.publicKey))
            #expect(event.actorType == "platform_admin" && event.onBehalfOf == "\(ledger.tenant.id)")
            #expect(event.changes == #"{"name":{"from":"a","to":"b"}}"#)
            #expect(Int64(event.id.uuid.bits >> 80) == event.createdAt.microsecondsSince1970 / 1000)
        }
    }

    @Test("Whoever comes at once to a database without a key makes one together")
    func oneKey() async throws {
        try await Fixture.with { fixture in
            let trails = (0..<4).map { _ in fixture.trail }

            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for trail in trails { group.addTask { try await trail.key().id } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }

            let stored = try await fixture.superuser.withConnection { connection in
                try await connection.values("SELECT id FROM audit_key", as: String.self)
            }
            #expect(ids.count == 1 && Array(ids) == stored)
        }
    }

    @Test("With another master key nothing is recorded, and so nothing done")
    func otherMasterKey() async throws {
        try await Ledger.with { ledger in
            try await ledger.record()
            let stranger = AuditTrail(
                database: ledger.fixture.database,
                box: SecretBox(keyRing: try KeyRing("test:" + Base64.encode(Random.bytes(32)))))

            await #expect(throws: AuditKey.Fault.self) {
                try await ledger.fixture.database.write(ledger.tenant.id) { tx in
                    try await tx.execute("UPDATE tenant SET name = 'Stolen' WHERE id = \(tx.tenant)")
                    try await stranger.record(
                        AuditEvent(.tenantUpdate), by: .operator, from: .commandLine, in: tx)
                }
            }

            #expect(try await ledger.count("SELECT count(*) FROM tenant WHERE name = 'Stolen'") == 0)
            #expect(try await ledger.count("SELECT count(*) FROM audit_event") == 1)
        }
    }

    @Test("A key that cannot be read lets nothing be recorded, and so nothing be done")
    func databaseAway() async throws {
        try await Ledger.with { ledger in
            let fixture = ledger.fixture
            let pool = PostgresPool(
                loop: fixture.loop,
                configuration: try PostgresConfiguration(url: "postgresql://x@127.0.0.1:1/x"),
                limit: 1, waitLimit: 1, waitTimeout: .seconds(5), blocking: fixture.blocking,
                logger: fixture.logger, metrics: Metrics())
            let trail = AuditTrail(database: Database(tenants: pool, system: pool), box: fixture.box)

            await #expect(throws: PostgresError.unavailable) {
                try await fixture.database.write(ledger.tenant.id) { tx in
                    try await tx.execute("UPDATE tenant SET name = 'Changed' WHERE id = \(tx.tenant)")
                    try await trail.record(
                        AuditEvent(.tenantUpdate), by: .operator, from: .commandLine, in: tx)
                }
            }
            await pool.close()

            #expect(try await ledger.count("SELECT count(*) FROM tenant WHERE name = 'Changed'") == 0)
        }
    }

    @Test(
        "The program may neither change nor delete what it has recorded",
        arguments: [
            "UPDATE audit_event SET action = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event",
            "UPDATE audit_seal SET root = root", "DELETE FROM audit_seal", "UPDATE audit_key SET id = id",
        ])
    func appendOnly(statement: String) async throws {
        try await Ledger.with { ledger in
            try await ledger.fill()

            await #expect(throws: PostgresError.self) {
                try await ledger.fixture.database.job { tx in
                    try await tx.execute(SQL(trusted: statement))
                }
            }
            await #expect(throws: PostgresError.self) {
                try await ledger.fixture.database.write(ledger.tenant.id) { tx in
                    try await tx.execute(SQL(trusted: statement))
                }
            }
        }
    }

    @Test("A tenant's list is narrowed by every filter, and holds nobody else's")
    func filters() async throws {
        try await Ledger.with { ledger in
            let start = Timestamp.now
            try await ledger.record(.adminUpdate)
            try await ledger.record(.adminDelete)
            try await ledger.record(.adminDelete, in: ledger.other)
            let all = try await events(ledger)

            func page(_ change: (inout AuditFilter) -> Void) async throws -> [String] {
                var filter = AuditFilter(tenant: ledger.tenant.id)
                change(&filter)
                return try await ledger.fixture.database.read(ledger.tenant.id) { [filter] tx in
                    try await AuditRecord.page(filter, after: nil, limit: 10, in: tx)
                }.map(\.action)
            }

            #expect(try await page { _ in } == ["admin.delete", "admin.update"])
            #expect(try await page { $0.action = "admin.delete" } == ["admin.delete"])
            #expect(try await page { $0.actor = all[0].actorID } == [all[0].action])
            #expect(try await page { $0.target = "\(ledger.tenant.id)" }.count == 2)
            #expect(try await page { $0.outcome = "denied" } == [])
            #expect(try await page { $0.from = all[0].createdAt } == ["admin.delete"])
            #expect(try await page { $0.until = all[0].createdAt } == ["admin.update"])
            #expect(try await page { ($0.from, $0.until) = (start, .now) }.count == 2)
        }
    }

    /// The first tenant's, newest first.
    private func events(_ ledger: Ledger) async throws -> [AuditRecord] {
        try await ledger.fixture.database.read(ledger.tenant.id) { tx in
            try await AuditRecord.page(AuditFilter(tenant: tx.tenant), after: nil, limit: 10, in: tx)
        }
    }
}
