import Platform
import Tenancy
import TestSupport
import Testing

@testable import Auth

@Suite("Audit verification", .serialized, .timeLimit(.minutes(10)))
struct AuditVerificationTests {
    @Test("A trail that nobody has touched is intact, and told in numbers")
    func intact() async throws {
        try await Ledger.with { ledger in
            let empty = try await ledger.verify()
            try await ledger.fill()

            let report = try await ledger.verify(box: ledger.fixture.box)

            #expect(empty.isIntact && empty.head == nil)
            #expect(report.isIntact, "\(report.findings)")
            #expect(report.events == 8 && report.sealedEvents == 6 && report.unsealedEvents == 2)
            #expect(report.head?.seal == 3)
            let key = try await ledger.trail.key().publicKey
            #expect(report.fingerprint == key.fingerprint)
        }
    }

    @Test(
        "A change in any column of one event is found, and the event named", arguments: Tampering.columnValues
    )
    func changed(column: String, value: String) async throws {
        try await Ledger.with { ledger in
            try await ledger.fill()
            let victim = try await ledger.victim()
            let changed = try await ledger.tamper(
                "UPDATE audit_event SET \(SQL(trusted: "\(column) = \(value)")) WHERE id = \(victim)")

            let report = try await ledger.verify()

            #expect(changed == 1)
            #expect(report.findings.first?.seal == 2)
            #expect(report.findings.first?.event == victim)
        }
    }

    @Test("Every column there is, is among those that changes were tried in")
    func columns() async throws {
        try await Ledger.with { ledger in
            let columns = try await ledger.fixture.superuser.withConnection { connection in
                try await connection.values(
                    """
                    SELECT attname::text FROM pg_attribute
                    WHERE attrelid = 'audit_event'::regclass AND attnum > 0 AND NOT attisdropped
                    """, as: String.self)
            }

            #expect(Set(columns) == Set(Tampering.columnValues.map(\.0)))
        }
    }

    @Test("An event deleted under a seal is named")
    func deleted() async throws {
        try await Ledger.with { ledger in
            try await ledger.fill()
            let victim = try await ledger.victim()
            try await ledger.tamper("DELETE FROM audit_event WHERE id = \(victim)")

            let report = try await ledger.verify()

            #expect(report.findings.map(\.event) == [victim])
            #expect(report.findings.first?.what == "it was deleted")
        }
    }

    @Test("Copies put in by hand are found", arguments: Tampering.copies)
    func inserted(name: String, values: String) async throws {
        try await Ledger.with { ledger in
            try await ledger.fill()
            let victim = try await ledger.victim()
            try await ledger.tamper(
                """
                INSERT INTO audit_event (id, tenant_id, created_at, actor_type, actor_id, credential, on_behalf_of,
                    action, target_type, target_id, outcome, changes, address, user_agent, request_id, key_id,
                    signature)
                SELECT \(SQL(trusted: values)), actor_type, actor_id, credential, on_behalf_of, action, target_type,
                    target_id, outcome, changes, address, user_agent, request_id, key_id, signature
                FROM audit_event WHERE id = \(victim)
                """)
            let before = try await ledger.verify()
            try await ledger.sealer.seal()

            let after = try await ledger.verify()

            #expect(!before.isIntact)
            #expect(!after.isIntact)
        }
    }

    @Test("A row with nothing but what must be there is found, sealing or not")
    func minimal() async throws {
        try await Ledger.with { ledger in
            try await ledger.fill()
            let forged = ID<AuditEvent>()
            try await ledger.tamper(
                """
                INSERT INTO audit_event (id, tenant_id, action, created_at)
                VALUES (\(forged), \(ledger.tenant.id), 'admin.update', now())
                """)
            let before = try await ledger.verify()
            try await ledger.sealer.seal()

            let after = try await ledger.verify()

            #expect(before.findings.map(\.event) == [forged] && after.findings.map(\.event) == [forged])
            #expect(after.sealedEvents == 8)
        }
    }

    @Test("Rows that have changed places in order, time or tenant are found", arguments: Tampering.swaps)
    func swapped(assignment: String) async throws {
        try await Ledger.with { ledger in
            try await ledger.fill()
            let changed = try await ledger.tamper(
                """
                UPDATE audit_event AS e \(SQL(trusted: assignment)) FROM audit_seal AS s
                WHERE s.id = 2 AND e.id = ANY (s.event_ids)
                """)

            let report = try await ledger.verify()

            #expect(changed == 2)
            #expect(report.findings.first?.seal == 2)
            #expect(Set(report.findings.compactMap(\.event)).count == 2)
        }
    }

    @Test("A seal that was changed, taken away or renumbered is named", arguments: Tampering.seals)
    func seals(statement: String, seal: Int64) async throws {
        try await Ledger.with { ledger in
            try await ledger.fill()
            let changed = try await ledger.tamper(SQL(trusted: statement))

            let report = try await ledger.verify()

            #expect(changed == 1)
            #expect(report.findings.first?.seal == seal)
        }
    }

    @Test("An old event whose seals were all taken away is found")
    func unsealed() async throws {
        try await Ledger.with { ledger in
            for age in [7200, 5000, 0] {
                try await ledger.record(at: .now - .seconds(age))
                try await ledger.sealer.seal()
            }
            try await ledger.tamper("DELETE FROM audit_seal WHERE id >= 2")
            try await ledger.record(at: .now)
            // As if by a sealer that was told to leave the one in between.
            let sealed = try await ledger.count("SELECT count(*) FROM audit_seal")
            let key = try await ledger.trail.key()
            try await ledger.fixture.database.job { tx in
                let last = try await AuditRecord.page(AuditFilter(tenant: nil), after: nil, limit: 1, in: tx)
                try await AuditSeal(last, after: AuditSeal.newest(in: tx), at: .now, key: key).insert(in: tx)
            }

            let report = try await ledger.verify()

            #expect(sealed == 1)
            #expect(report.findings.map(\.what) == ["no seal holds it any more"])
        }
    }

    @Test("A trail cut off at its end is found with what was kept of its head")
    func cutOff() async throws {
        try await Ledger.with { ledger in
            try await ledger.fill()
            var expectation = AuditVerification.Expectation()
            expectation.head = try await ledger.verify().head
            let before = try await ledger.verify(expectation)
            try await ledger.tamper("DELETE FROM audit_seal WHERE id = 3")
            try await ledger.sealer.seal()

            let without = try await ledger.verify()
            let with = try await ledger.verify(expectation)

            #expect(before.isIntact && without.isIntact)
            #expect(!with.isIntact)
        }
    }

    @Test("A trail signed anew with another key is found by the fingerprint, the key or the master key")
    func otherKey() async throws {
        try await Ledger.with { ledger in
            try await ledger.fill()
            let genuine = try await ledger.trail.key().publicKey
            try await ledger.tamper("DELETE FROM audit_key")
            try await ledger.tamper("TRUNCATE audit_seal, audit_event")
            let forger = SecretBox(keyRing: try KeyRing("test:" + Base64.encode(Random.bytes(32))))
            let trail = AuditTrail(database: ledger.fixture.database, box: forger)
            try await ledger.fixture.database.write(ledger.tenant.id) { tx in
                try await trail.record(AuditEvent(.tenantUpdate), by: .operator, from: .commandLine, in: tx)
            }
            var (key, fingerprint) = (AuditVerification.Expectation(), AuditVerification.Expectation())
            key.publicKey = genuine.bytes
            fingerprint.fingerprint = String(genuine.fingerprint.prefix(16))

            #expect(try await ledger.verify().isIntact)
            #expect(try await !ledger.verify(key).isIntact)
            #expect(try await !ledger.verify(fingerprint).isIntact)
            #expect(try await !ledger.verify(box: ledger.fixture.box).isIntact)
        }
    }

    @Test("A key that was taken away, or a second one, is found")
    func keys() async throws {
        try await Ledger.with { ledger in
            try await ledger.fill()
            try await ledger.tamper(
                "INSERT INTO audit_key VALUES ('x', sha256('x'), '', clock_timestamp() + interval '1 second')"
            )
            let two = try await ledger.verify()
            try await ledger.tamper("DELETE FROM audit_key")

            let none = try await ledger.verify()

            #expect(!two.isIntact && !none.isIntact)
        }
    }

    @Test("A role that is no superuser sees all there is, too")
    func otherRole() async throws {
        try await Ledger.with { ledger in
            try await ledger.fill()
            let pool = PostgresPool(
                loop: ledger.fixture.loop,
                configuration: try PostgresConfiguration(url: ledger.fixture.testDatabase.programURL()),
                limit: 1,
                waitLimit: 1, waitTimeout: .seconds(5), blocking: ledger.fixture.blocking,
                logger: ledger.fixture.logger, metrics: Metrics())

            let report = try await AuditVerification.run(pool, blocking: ledger.fixture.blocking)
            await pool.close()

            #expect(report.isIntact && report.events == 8 && report.sealedEvents == 6)
        }
    }

    @Test("While events are written and sealed, the trail verifies at any moment")
    func concurrent() async throws {
        try await Ledger.with { ledger in
            let reports = try await withThrowingTaskGroup(of: [AuditReport].self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        for _ in 0..<60 { try await ledger.record() }
                        return []
                    }
                }
                group.addTask {
                    for _ in 0..<40 { try await ledger.sealer.seal() }
                    return []
                }
                group.addTask {
                    var reports: [AuditReport] = []
                    for _ in 0..<12 { reports.append(try await ledger.verify()) }
                    return reports
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }

            #expect(reports.count == 12)
            #expect(reports.flatMap(\.findings).map(\.description) == [])
        }
    }
}
