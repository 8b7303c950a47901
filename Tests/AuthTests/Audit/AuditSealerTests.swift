import Platform
import Tenancy
import TestSupport
import Testing

@testable import Auth

@Suite("Audit sealer", .serialized, .timeLimit(.minutes(10)))
struct AuditSealerTests {
    @Test("Each event comes under one seal; where there is none, there is no seal")
    func once() async throws {
        try await Ledger.with { ledger in
            try await ledger.sealer.seal()
            try await ledger.fill()
            try await ledger.sealer.seal()
            try await ledger.sealer.seal()

            #expect(try await ledger.count("SELECT count(*) FROM audit_seal") == 4)
            #expect(
                try await ledger.count("SELECT count(DISTINCT e) FROM audit_seal, unnest(event_ids) e") == 8)
            #expect(try await ledger.count("SELECT count(*) FROM audit_seal, unnest(event_ids)") == 8)
        }
    }

    @Test("An event that commits after later ones were sealed is sealed all the same")
    func late() async throws {
        try await Ledger.with { ledger in
            try await ledger.record(at: .now)
            try await ledger.sealer.seal()
            try await ledger.record(at: .now - .seconds(200))
            try await ledger.sealer.seal()

            #expect(try await ledger.count("SELECT count(*) FROM audit_seal, unnest(event_ids)") == 2)
        }
    }

    @Test("What was recorded while nobody sealed is made up for, in seals of bounded size")
    func madeUp() async throws {
        try await Ledger.with { ledger in
            let count = AuditSeal.largest + 20
            let then = Timestamp.now - .seconds(10 * 86_400)
            for number in 0..<count { try await ledger.record(at: then + .seconds(number * 600)) }

            try await ledger.sealer.seal()

            #expect(try await ledger.count("SELECT count(*) FROM audit_seal") == 2)
            #expect(try await ledger.count("SELECT count(*) FROM audit_seal, unnest(event_ids)") == count)
            #expect(try await ledger.verify().isIntact)
        }
    }

    @Test("A row that the program did not write is not sealed but reported, once")
    func forged() async throws {
        try await Ledger.with { ledger in
            let lines = Happenings<String>()
            let sealer = Ledger.sealer(ledger.fixture, ledger.trail, logger: Logger(write: { lines.add($0) }))
            try await ledger.record()
            try await ledger.tamper(
                """
                INSERT INTO audit_event (id, tenant_id, action, created_at)
                VALUES (gen_random_uuid(), \(ledger.tenant.id), 'admin.update', now())
                """)

            try await sealer.seal()
            try await sealer.seal()

            #expect(try await ledger.count("SELECT count(*) FROM audit_seal, unnest(event_ids)") == 1)
            #expect(lines.all.count == 1 && lines.all.first?.contains("audit verify") == true)
            #expect(ledger.fixture.metrics.exposition.contains("rookery_audit_forged_total 1"))
        }
    }

    @Test("The sealer notices that the newest seal was taken away")
    func cut() async throws {
        try await Ledger.with { ledger in
            let lines = Happenings<String>()
            let sealer = Ledger.sealer(ledger.fixture, ledger.trail, logger: Logger(write: { lines.add($0) }))
            try await ledger.fill()
            try await sealer.seal()
            try await sealer.seal()
            try await ledger.tamper("DELETE FROM audit_seal WHERE id = 4")

            try await sealer.seal()

            #expect(lines.all.contains { $0.contains("taken away") })
        }
    }

    @Test("Nodes that seal at the same time make one chain, under which everything is once")
    func nodes() async throws {
        try await Ledger.with { ledger in
            let other = Ledger.sealer(ledger.fixture, ledger.fixture.trail)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for sealer in [ledger.sealer, other] {
                    group.addTask { for _ in 0..<30 { try await sealer.seal() } }
                }
                for _ in 0..<2 { group.addTask { for _ in 0..<30 { try await ledger.record() } } }
                try await group.waitForAll()
            }

            try await ledger.sealer.seal()

            let report = try await ledger.verify()
            #expect(report.isIntact && report.events == 60 && report.sealedEvents == 60)
        }
    }
}
