import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("/v1/platform/tenants", .serialized, .timeLimit(.minutes(10)))
struct PlatformTenantsTests {
    private static let path = "/v1/platform/tenants"

    @Test("A platform admin makes a tenant with an invited owner, and it is in the tenant's trail")
    func create() async throws {
        try await RunningApp.with { app in
            let admin = try await app.bearer(app.fixture.platformAdmin())

            let answer = try await app.send(
                "POST", Self.path,
                json:
                    #"{"name":"Anna's Gym","owner_email":"anna@example.org","limits":{"bots":3,"consumers_per_bot":null}}"#,
                as: admin)

            let tenant = try JSONAnswer(answer, 201)
            let id = try tenant.text("id")
            #expect(answer.header("Location") == "\(Self.path)/\(id)")
            #expect(answer.header("ETag") != nil)
            #expect(tenant["slug"] == .string("anna-s-gym") && tenant["status"] == .string("active"))
            #expect(tenant["limits", "bots"] == .number("3"))
            #expect(tenant["limits", "consumers_per_bot"] == .null)
            #expect(tenant["limits", "requests_per_minute"] == .number("600"))
            #expect(tenant["billing"] == .null)
            guard case .string(let token)? = tenant["invitation", "token"] else {
                Issue.record("no token")
                return
            }
            #expect(tenant["invitation", "url"] == .string("\(app.app.url)/invitations/\(token)"))
            let kept = try await app.fixture.superuser.withConnection { connection in
                try await connection.value(
                    """
                    SELECT (SELECT role || ' ' || email FROM invitation WHERE token_digest = \(Invitation.digest(of: token)))
                        || ' ' || string_agg(action, ',' ORDER BY action) FROM audit_event
                    WHERE tenant_id = \(ID<Tenant>(id)) AND actor_type = 'platform_admin'
                    """, as: String.self)
            }
            #expect(kept == "owner anna@example.org invitation.create,tenant.create")
            let changes = try await app.fixture.superuser.withConnection { connection in
                try await connection.value(
                    "SELECT changes FROM audit_event WHERE action = 'tenant.create'", as: String.self)
            }
            #expect(changes?.contains(#""limits.bots":{"from":100,"to":3}"#) == true)
            #expect(changes?.contains(#""limits.consumers_per_bot":{"from":10,"to":null}"#) == true)
            #expect(changes?.contains("requests_per_minute") == false)
        }
    }

    @Test(
        "What is wrong with a new tenant is told by field",
        arguments: [
            (#"{"owner_email":"a@b.c"}"#, "/name"), (#"{"name":"","owner_email":"a@b.c"}"#, "/name"),
            (#"{"name":"N"}"#, "/owner_email"), (#"{"name":"N","owner_email":"a"}"#, "/owner_email"),
            (#"{"name":"N","owner_email":"a@b.c","limits":{"bots":-1}}"#, "/limits/bots"),
            (#"{"name":"N","owner_email":"a@b.c","limits":{"nests":1}}"#, "/limits/nests"),
            (#"{"name":"N","owner_email":"a@b.c","limits":null}"#, "/limits"),
            (#"{"name":"N","owner_email":"a@b.c","status":"active"}"#, "/status"),
        ])
    func invalid(_ body: String, _ pointer: String) async throws {
        try await RunningApp.with { app in
            let admin = try await app.bearer(app.fixture.platformAdmin())

            let answer = try await app.send("POST", Self.path, json: body, as: admin)

            _ = try ProblemAnswer(answer, 422, "invalid_fields")
            #expect(String(decoding: answer.body, as: UTF8.self).contains("\"\(pointer)\""))
        }
    }

    @Test("Only platform admins manage tenants, and a refusal is in the trail")
    func permission() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let owner = try await app.bearer(app.fixture.admin(in: tenant))

            let list = try await app.get(Self.path, as: owner)
            let own = try await app.send(
                "PATCH", "\(Self.path)/\(tenant.id)", json: #"{"limits":{"bots":null}}"#, as: owner)

            _ = try ProblemAnswer(list, 403, "forbidden")
            _ = try ProblemAnswer(own, 403, "forbidden")
            let denials = try await app.fixture.superuser.withConnection { connection in
                try await connection.value(
                    "SELECT count(*) FROM audit_event WHERE tenant_id = \(tenant.id) AND outcome = 'denied'",
                    as: Int64.self)
            }
            #expect(denials == 2)
        }
    }

    @Test("A patch changes what it names, once, with the version that is meant, and notes from what to what")
    func update() async throws {
        try await RunningApp.with { app in
            let admin = try await app.bearer(app.fixture.platformAdmin())
            let tenant = try await app.fixture.tenant(limits: TenantLimits(overrides: [.bots: 5]))
            let path = "\(Self.path)/\(tenant.id)"
            let before = try #require(try await app.get(path, as: admin).header("ETag"))

            let changed = try await app.send(
                "PATCH", path,
                json:
                    #"{"name":"Roost","limits":{"requests_per_minute":7},"billing":{"plan":"nest","monthly_cents":4900,"currency":"EUR"}}"#,
                as: admin, headers: [("If-Match", before)])
            let stale = try await app.send(
                "PATCH", path, json: #"{"name":"Again"}"#, as: admin, headers: [("If-Match", before)])
            let cheaper = try await app.send(
                "PATCH", path, json: #"{"billing":{"monthly_cents":100}}"#, as: admin)
            let nothing = try await app.send("PATCH", path, json: "{}", as: admin)
            let free = try await app.send("PATCH", path, json: #"{"billing":null}"#, as: admin)

            let answer = try JSONAnswer(changed, 200)
            #expect(answer["name"] == .string("Roost") && answer["limits", "bots"] == .number("5"))
            #expect(answer["limits", "requests_per_minute"] == .number("7"))
            _ = try ProblemAnswer(stale, 412, "precondition_failed")
            #expect(try JSONAnswer(cheaper, 200)["billing", "plan"] == .string("nest"))
            #expect(nothing.header("ETag") == cheaper.header("ETag"))
            #expect(try JSONAnswer(free, 200)["billing"] == .null)
            let changes = try await app.fixture.superuser.withConnection { connection in
                try await connection.values(
                    "SELECT changes FROM audit_event WHERE tenant_id = \(tenant.id) ORDER BY id",
                    as: String.self)
            }
            #expect(changes.count == 3)
            #expect(changes[0].contains(#""limits.requests_per_minute":{"from":null,"to":7}"#) == false)
            #expect(changes[0].contains(#""limits.requests_per_minute":{"from":600,"to":7}"#))
            #expect(changes[1] == #"{"billing.monthly_cents":{"from":4900,"to":100}}"#)
        }
    }

    @Test("A tenant without billing needs all of it at once; a tenant is not deleted by a patch")
    func refused() async throws {
        try await RunningApp.with { app in
            let admin = try await app.bearer(app.fixture.platformAdmin())
            let path = "\(Self.path)/\(try await app.fixture.tenant().id)"

            for body in [#"{"billing":{"plan":"nest"}}"#, #"{"status":"deleted"}"#, #"{"name":null}"#] {
                _ = try ProblemAnswer(
                    try await app.send("PATCH", path, json: body, as: admin), 422, "invalid_fields")
            }
        }
    }

    @Test("A deleted tenant is gone for everybody, whoever asks and with whatever they hold")
    func delete() async throws {
        try await RunningApp.with { app in
            let platform = try await app.bearer(app.fixture.platformAdmin())
            let tenant = try await app.fixture.tenant()
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let key = try await app.bearer(key: [.viewBots], in: tenant)
            let bot = try await app.fixture.bot(in: tenant, secret: RunningApp.webhookSecret)
            try await app.fixture.eventually("the bot") { app.app.directory.tenant(of: bot.id) != nil }
            let path = "\(Self.path)/\(tenant.id)"
            let before = [
                try await app.get("/v1/tenant", as: owner).status,
                try await app.get("/v1/tenant", as: key).status,
            ]

            let answer = try await app.send("DELETE", path, headers: [platform])

            #expect(before == [200, 200])
            #expect(answer.status == 204)
            try await app.fixture.eventually("owner and key to be out") {
                let statuses = [
                    try await app.get("/v1/tenant", as: owner).status,
                    try await app.get("/v1/tenant", as: key).status,
                    try await app.post(#"{"update_id":1}"#, to: "\(bot.id)").status,
                ]
                return statuses == [401, 401, 404]
            }
            for method in ["GET", "DELETE"] {
                _ = try ProblemAnswer(try await app.send(method, path, headers: [platform]), 404, "not_found")
            }
            _ = try ProblemAnswer(
                try await app.send(
                    "GET", "/v1/tenant", headers: [platform, ("Rookery-Tenant", "\(tenant.id)")]),
                404, "not_found")
            let deletions = try await app.fixture.superuser.withConnection { connection in
                try await connection.value(
                    "SELECT count(*) FROM audit_event WHERE tenant_id = \(tenant.id) AND action = 'tenant.delete'",
                    as: Int64.self)
            }
            #expect(deletions == 1)
        }
    }

    @Test("The list pages from the newest, and filters by status")
    func list() async throws {
        try await RunningApp.with { app in
            let admin = try await app.bearer(app.fixture.platformAdmin())
            var ids: [String] = []
            for number in 1...3 { ids.append("\(try await app.fixture.tenant("Nest \(number)").id)") }
            _ = try await app.send(
                "PATCH", "\(Self.path)/\(ids[0])", json: #"{"status":"suspended"}"#, as: admin)

            let first = try JSONAnswer(try await app.get(Self.path + "?limit=2", as: admin), 200)
            let rest = try JSONAnswer(
                try await app.get(Self.path + "?cursor=\(try first.text("next_cursor"))", as: admin), 200)
            let suspended = try JSONAnswer(try await app.get(Self.path + "?status=suspended", as: admin), 200)
            let deleted = try await app.get(Self.path + "?status=deleted", as: admin)

            #expect(try first.rows.map { try $0.text("id") } == [ids[2], ids[1]])
            #expect(try rest.rows.map { try $0.text("id") } == [ids[0]] && rest["has_more"] == .bool(false))
            #expect(try suspended.rows.map { try $0.text("id") } == [ids[0]])
            _ = try ProblemAnswer(deleted, 400, "invalid_parameter")
        }
    }
}
