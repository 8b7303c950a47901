import Auth
import Platform
import Synchronization
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Audit events", .serialized, .timeLimit(.minutes(2)))
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
            let owner = try await Visitor(app.fixture)
            let count = 1203
            try await app.fixture.database.write(owner.tenant.id) { tx in
                for _ in 0..<count {
                    try await app.fixture.trail.record(
                        AuditEvent(.adminUpdate), by: .operator, from: .commandLine, in: tx)
                }
            }
            let listener = try HTTPListener(address: IPAddress(bytes: [127, 0, 0, 1]), port: 0)
            let server = HTTPServer(
                loop: app.fixture.loop, socket: try listener.socket(), logger: app.fixture.logger,
                metrics: Metrics()
            ) { request in
                await request.answer(
                    with: { request in
                        try await AuditEvents.list(
                            owner.call(
                                request.path, request.query,
                                headers: ["Accept": "text/html, application/x-ndjson"]))
                    }, logger: app.fixture.logger)
            }
            try await server.start()
            let client = try await app.fixture.onLoop {
                try HTTPClient(loop: app.fixture.loop, addressGuard: AddressGuard(allowsPrivate: true))
            }
            func get(_ query: String) async throws -> HTTPClientResponse {
                try await client.send(
                    HTTPClientRequest(
                        method: "GET", url: "http://127.0.0.1:\(listener.port)/v1/audit-events\(query)",
                        headers: [], body: [], connectTimeout: .seconds(5), timeout: .seconds(20),
                        responseLimit: 8 << 20))
            }

            let answer = try await get("")
            let paged = try await get("?limit=5")
            client.close()
            await server.stop()

            let lines = answer.body.split(separator: 0x0A)
            let ids = try lines.map { line in
                guard case .object(let members) = try JSONValue(parsing: Array(line)) else {
                    throw TimedOut("an object")
                }
                return members["id"]
            }
            #expect(answer.status == 200)
            #expect(
                lines.count == count + 1 && Set(ids.map { "\(String(describing: $0))" }).count == count + 1)
            #expect(String(decoding: lines.first ?? [], as: UTF8.self).contains(#""action":"audit.export""#))
            #expect(paged.status == 400)
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
