import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Invitations", .serialized, .timeLimit(.minutes(10)))
struct InvitationsTests {
    private static let path = "/v1/invitations"

    @Test("An invitation gives its link once, in both forms, and only its hash is kept")
    func create() async throws {
        try await RunningApp.with(settings: ["ROOKERY_PUBLIC_URL": "https://rookery.example"]) { app in
            let tenant = try await app.fixture.tenant()
            let person = try await app.fixture.admin(in: tenant)
            let owner = try await app.bearer(person)

            let made = try await app.send(
                "POST", Self.path, json: #"{"email":"bob@example.org","role":"trainer"}"#, as: owner)

            let answer = try JSONAnswer(made, 201)
            let (id, token) = (try answer.text("id"), try answer.text("token"))
            #expect(token.wholeMatch(of: #/rk_inv_[A-Za-z0-9_-]{43}/#) != nil)
            #expect(answer["url"] == .string("https://rookery.example/invitations/\(token)"))
            for name in ["id", "token", "url", "expires_at"] {
                #expect(answer["invitation", name] == answer[name])
            }
            #expect(answer["invited_by"] == .string("\(try #require(person.admin))"))
            #expect(answer["accepted_at"] == .null && answer["role"] == .string("trainer"))
            #expect(made.header("Location") == "\(Self.path)/\(id)")
            let list = try JSONAnswer(try await app.get(Self.path, as: owner), 200)
            #expect(try list.rows.map { try $0.text("id") } == [id])
            #expect(list.rows[0]["token"] == nil && list.rows[0]["url"] == nil)
            let shown = try await app.get("\(Self.path)/\(id)", as: owner)
            #expect(shown.header("ETag") == made.header("ETag"))
            let holding = try await app.fixture.superuser.withConnection { connection in
                try await connection.value(
                    """
                    SELECT (SELECT count(*) FROM invitation AS i WHERE i::text LIKE '%' || \(token) || '%')
                        + (SELECT count(*) FROM audit_event AS e WHERE e::text LIKE '%' || \(token) || '%')
                    """, as: Int64.self)
            }
            #expect(holding == 0)
        }
    }

    @Test("Nobody invites to more than they are, and nobody who is there already")
    func refused() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let person = try await app.fixture.admin(in: tenant)
            let owner = try await app.bearer(person)
            let key = try await app.bearer(
                key: [.manageAdmins, .viewApplications, .viewBots, .viewUpdates], in: tenant)
            let platform = try await app.bearer(app.fixture.platformAdmin())
            func invite(
                _ email: String, _ role: String, _ caller: (String, String), _ header: (String, String)? = nil
            )
                async throws -> HTTPClientResponse
            {
                try await app.send(
                    "POST", Self.path, json: #"{"email":"\#(email)","role":"\#(role)"}"#, as: caller,
                    headers: header.map { [$0] } ?? [])
            }

            let above = try await invite("a@example.org", "trainer", key)
            let within = try await invite("a@example.org", "support", key)
            let known = try await invite(person.email.uppercased(), "support", owner)
            let byPlatform = try await invite(
                "b@example.org", "owner", platform, ("Rookery-Tenant", "\(tenant.id)"))
            let wrong = try await invite("no address", "king", owner)

            _ = try ProblemAnswer(above, 403, "forbidden")
            #expect(within.status == 201)
            _ = try ProblemAnswer(known, 409, "already_admin")
            #expect(byPlatform.status == 201)
            _ = try ProblemAnswer(wrong, 422, "invalid_fields")
            let onBehalf = try await app.fixture.superuser.withConnection { connection in
                try await connection.value(
                    """
                    SELECT on_behalf_of FROM audit_event WHERE tenant_id = \(tenant.id)
                        AND action = 'invitation.create' AND actor_type = 'platform_admin'
                    """, as: String.self)
            }
            #expect(onBehalf == "\(tenant.id)")
        }
    }

    @Test("A deleted invitation is gone; another tenant's cannot be deleted")
    func delete() async throws {
        try await RunningApp.with { app in
            let owner = try await app.bearer(app.fixture.admin(in: try await app.fixture.tenant()))
            let stranger = try await app.bearer(app.fixture.admin(in: try await app.fixture.tenant()))
            let made = try await app.send(
                "POST", Self.path, json: #"{"email":"bob@example.org","role":"support"}"#, as: owner)
            let path = try #require(made.header("Location"))

            let theirs = try await app.send("DELETE", path, headers: [stranger])
            let first = try await app.send("DELETE", path, headers: [owner])
            let again = try await app.send("DELETE", path, headers: [owner])

            _ = try ProblemAnswer(theirs, 404, "not_found")
            #expect(first.status == 204)
            _ = try ProblemAnswer(again, 404, "not_found")
        }
    }

    @Test("A request made again with its key invites and writes once")
    func idempotent() async throws {
        try await RunningApp.with { app in
            let owner = try await app.bearer(app.fixture.admin(in: try await app.fixture.tenant()))
            func invite() async throws -> HTTPClientResponse {
                try await app.send(
                    "POST", Self.path, json: #"{"email":"bob@example.org","role":"support"}"#, as: owner,
                    headers: [("Idempotency-Key", "once")])
            }

            let first = try await invite()
            let second = try await invite()

            #expect(first.status == 201 && first.body == second.body)
            #expect(second.header("Idempotency-Replayed") == "true")
            #expect(try JSONAnswer(try await app.get(Self.path, as: owner), 200).rows.count == 1)
        }
    }

    @Test(
        "The link's page is the same for every token, brings all it needs, and tells nobody where it was opened"
    )
    func page() async throws {
        try await RunningApp.with { app in
            let page = try await app.get("/invitations/rk_inv_\(String(repeating: "A", count: 43))")
            let other = try await app.get("/invitations/nonsense")

            let html = String(decoding: page.body, as: UTF8.self)
            let policy = try #require(page.header("Content-Security-Policy"))
            #expect(page.status == 200 && page.body == other.body)
            #expect(page.header("Content-Type") == "text/html; charset=utf-8")
            #expect(
                page.header("Referrer-Policy") == "no-referrer" && page.header("Cache-Control") == "no-store")
            #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
            for tag in ["script", "style"] {
                let text = try #require(
                    html.firstMatch(of: try Regex("<\(tag)>([\\s\\S]*)</\(tag)>"))?[1].substring)
                #expect(policy.contains("'sha256-\(Base64.encode(SHA256.hash(Array(text.utf8))))'"))
            }
            #expect(!html.contains("src=") && !html.contains("href=") && !html.contains("http"))
        }
    }

    @Test("The command makes a tenant and prints its id and its owner's link")
    func command() async throws {
        try await RunningApp.with { app in
            let lines = Happenings<String>()
            let environment = ProcessEnvironment(
                variables: [
                    "ROOKERY_ENV": "development", "DATABASE_URL": try app.fixture.testDatabase.programURL(),
                    "ROOKERY_MASTER_KEY": app.fixture.masterKey,
                    "ROOKERY_PUBLIC_URL": "https://rookery.example",
                ], readLine: { nil }, print: lines.add, printError: { _ in })

            try await TenantCreateCommand(["--name", "Nest", "--owner-email", "ada@example.org"]).run(
                environment)

            let tenant = try #require(lines.all.first.flatMap { ID<Tenant>($0) })
            let token = try #require(lines.all.last?.split(separator: "/").last.map(String.init))
            #expect(lines.all == ["\(tenant)", "https://rookery.example/invitations/\(token)"])
            try await app.isReady(for: tenant)
            let answer = try await app.send(
                "POST", "/v1/auth/invitations/accept",
                headers: [("Content-Type", "application/json")],
                body: Array(#"{"token":"\#(token)","name":"Ada","password":"a nest of many twigs"}"#.utf8))
            let session = ("Authorization", "Bearer " + (try JSONAnswer(answer, 200).text("access_token")))
            let own = try JSONAnswer(try await app.get("/v1/tenant", as: session), 200)
            #expect(own["id"] == .string("\(tenant)"))
            let actors = try await app.fixture.superuser.withConnection { connection in
                try await connection.values(
                    """
                    SELECT DISTINCT actor_type FROM audit_event
                    WHERE tenant_id = \(tenant) AND action IN ('tenant.create', 'invitation.create')
                    """, as: String.self)
            }
            #expect(actors == ["operator"])
            #expect(throws: Arguments.UsageError.self) { try TenantCreateCommand(["--name", "Nest"]) }
        }
    }
}
