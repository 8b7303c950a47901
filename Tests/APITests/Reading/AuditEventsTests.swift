import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Audit events", .serialized, .timeLimit(.minutes(10)))
struct AuditEventsTests {
    @Test("Events are listed in pages, for a tenant its own, for the platform all")
    func lists() async throws {
        try await Fixture.with { fixture in
            let (owner, other) = (try await Visitor(fixture), try await Visitor(fixture))
            for _ in 0..<3 { try await record(.adminUpdate, owner) }
            try await record(.adminDelete, other)

            let first = try await list(owner, "limit=2")
            let rest = try await list(owner, "limit=2&cursor=\(first.next ?? "")")
            let all = try ListAnswer(
                try await AuditEvents.listPlatform(
                    owner.call("/v1/platform/audit-events", isPlatformAdmin: true)))
            let others = try ListAnswer(
                try await AuditEvents.listPlatform(
                    owner.call(
                        "/v1/platform/audit-events", "tenant_id=\(other.tenant.id)", isPlatformAdmin: true)))

            #expect(first.data.count == 2 && first.hasMore)
            #expect(rest.data.count == 1 && !rest.hasMore)
            #expect(all.data.count == 4)
            #expect(others.values("action") == [.string("admin.delete")])
        }
    }

    @Test("Filters that cannot be met are refused, and cursors of another filter")
    func filters() async throws {
        try await Fixture.with { fixture in
            let owner = try await Visitor(fixture)
            for _ in 0..<3 { try await record(.adminUpdate, owner) }
            let cursor = try await list(owner, "limit=1&action=admin.update").next ?? ""

            #expect(try await list(owner, "action=admin.delete").data.isEmpty)
            #expect(try await list(owner, "outcome=success&target=\(owner.tenant.id)").data.count == 3)
            for wrong in [
                "action=x", "actor=x", "outcome=x", "created_at[gte]=x", "target=%00", "target=",
            ] {
                let code = await problem { try await AuditEvents.list(owner.call("/v1/audit-events", wrong)) }
                #expect(code == "400 invalid_parameter", "\(wrong)")
            }
            let foreign = await problem {
                try await AuditEvents.list(
                    owner.call("/v1/audit-events", "limit=1&action=admin.delete&cursor=\(cursor)"))
            }
            #expect(foreign == "400 invalid_cursor")
            let unknown = await problem {
                try await AuditEvents.list(owner.call("/v1/audit-events", "tenant_id=x"))
            }
            #expect(unknown == "400 unknown_parameter")
        }
    }

    @Test("All of it comes as lines, over any number of batches, and that it was taken is noted")
    func export() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let count = 1203
            let trail = app.fixture.trail
            try await app.fixture.database.write(tenant.id) { tx in
                for _ in 0..<count {
                    try await trail.record(
                        AuditEvent(.adminUpdate), by: .operator, from: .commandLine, in: tx)
                }
            }
            let accept = ("Accept", "text/html;q=0.5, application/x-ndjson")

            let answer = try await app.send("GET", "/v1/audit-events", headers: [owner, accept])
            let paged = try await app.send("GET", "/v1/audit-events?limit=5", headers: [owner, accept])
            let filtered = try await app.send(
                "GET", "/v1/audit-events?action=audit.export", headers: [owner, accept])
            let head = try await app.send("HEAD", "/v1/audit-events", headers: [owner, accept])

            let ids = try answer.body.split(separator: 0x0A).map { line in
                guard case .object(let members) = try JSONValue(parsing: Array(line)),
                    case .string(let id)? = members["id"]
                else { throw TimedOut("an event") }
                return id
            }
            #expect(answer.status == 200 && answer.header("Content-Type") == "application/x-ndjson")
            #expect(ids.count == count + 1 && Set(ids).count == count + 1 && ids == ids.sorted(by: >))
            #expect(
                String(decoding: answer.body.prefix(400), as: UTF8.self).contains(#""action":"audit.export""#)
            )
            #expect(filtered.body.split(separator: 0x0A).count == 2)
            #expect(paged.status == 400 && head.status == 200)
        }
    }

    @Test("Who may not see the trail is refused, and that stands in it")
    func denied() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let trainer = try await app.bearer(app.fixture.admin(in: tenant, role: .trainer))
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let platformAdmin = try await app.bearer(app.fixture.platformAdmin())

            let refused = try await app.get("/v1/audit-events", as: trainer)
            let seen = try await app.get("/v1/audit-events?outcome=denied", as: owner)
            let all = try await app.get("/v1/platform/audit-events?action=access.denied", as: platformAdmin)
            let notAll = try await app.get("/v1/platform/audit-events", as: owner)

            #expect(refused.status == 403 && notAll.status == 403)
            #expect(seen.status == 200 && all.status == 200)
            for answer in [seen, all] {
                let text = String(decoding: answer.body, as: UTF8.self)
                #expect(text.contains(#""target":{"type":"route","id":"GET /v1/audit-events"}"#))
            }
        }
    }

    @Test("The command verifies the trail with nothing but the owner's URL, and names what was changed")
    func command() async throws {
        try await Fixture.with { fixture in
            let owner = try await Visitor(fixture)
            for _ in 0..<3 { try await record(.adminUpdate, owner) }
            let sealer = AuditSealer(
                loop: fixture.loop, database: fixture.database, trail: fixture.trail,
                blocking: fixture.blocking, logger: fixture.logger, metrics: fixture.metrics)
            try await sealer.seal()
            let variables = ["DATABASE_OWNER_URL": try fixture.testDatabase.ownerURL()]

            let intact = await run(["audit", "verify"], variables)
            let head = intact.output.compactMap { $0.split(separator: " --head ").last.map(String.init) }
            let pinned = await run(
                ["audit", "verify", "--head", head[head.count - 2]],
                variables.merging(["ROOKERY_MASTER_KEY": fixture.masterKey]) { $1 })
            _ = try await fixture.superuser.withConnection { connection in
                try await connection.execute(
                    "UPDATE audit_event SET outcome = 'denied' WHERE id = (SELECT min(id::text)::uuid FROM audit_event)"
                )
            }
            let tampered = await run(["audit", "verify"], variables)
            let wrong = await run(["audit", "verify", "--head", "x"], variables)
            let unset = await run(["audit", "verify"], [:])

            #expect(intact.status == .success && intact.output.first?.hasPrefix("intact: 3 events") == true)
            #expect(pinned.status == .success, "\(pinned)")
            #expect(tampered.status == .failed)
            #expect(tampered.output.first?.hasPrefix("seal 1: ") == true)
            #expect(tampered.errors.first?.contains("tampered with, in 1 place; first: seal 1") == true)
            #expect(wrong.status == .usage && unset.status == .configuration)
        }
    }

    private func list(_ visitor: Visitor, _ query: String) async throws -> ListAnswer {
        try ListAnswer(try await AuditEvents.list(visitor.call("/v1/audit-events", query)))
    }

    private func record(_ action: AuditAction, _ visitor: Visitor) async throws {
        try await visitor.fixture.database.write(visitor.tenant.id) { tx in
            try await visitor.fixture.trail.record(
                AuditEvent(action, of: AuditTarget(tx.tenant)), by: .operator, from: .commandLine, in: tx)
        }
    }

    private func run(
        _ words: [String], _ variables: [String: String]
    ) async -> (status: API.ExitStatus, output: [String], errors: [String]) {
        let (output, errors) = (Happenings<String>(), Happenings<String>())
        let environment = ProcessEnvironment(
            variables: variables, readLine: { nil }, print: { output.add($0) }, printError: { errors.add($0) }
        )
        let status = await CommandLineFront(words: words, environment: environment).run()
        return (status, output.all, errors.all)
    }
}
