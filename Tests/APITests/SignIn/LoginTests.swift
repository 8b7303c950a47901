import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Login", .serialized, .timeLimit(.minutes(10)))
struct LoginTests {
    @Test("An admin of one tenant signs in there, with tokens that work")
    func oneTenant() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            try await app.fixture.admin(app.fixture.account(), as: .trainer, in: tenant)
            try await app.isReady(for: tenant.id)

            let answer = try await app.login()
            let tokens = try TokenAnswer(answer)
            let me = try app.json(await app.get("/v1/auth/me", as: tokens.bearer))

            #expect(tokens.tokenType == "Bearer" && tokens.expiresIn == 600)
            #expect(tokens.refreshToken.hasPrefix("rk_ref_"))
            #expect(answer.header("Cache-Control") == "no-store")
            #expect(me["type"] == .string("admin") && me["role"] == .string("trainer"))
            #expect(me["tenant"]["id"] == .string("\(tenant.id)"))
            #expect(me["account"]["email"] == .string("ada@example.com"))
            #expect(me["permissions"].elements.count == 5)
            #expect(try await app.audit("session.create") == ["success admin"])
        }
    }

    @Test("Who is an admin of several tenants is shown them, after the right password only")
    func severalTenants() async throws {
        try await RunningApp.with { app in
            let (crows, owls) = (try await app.fixture.tenant("Crows"), try await app.fixture.tenant("Owls"))
            let account = try await app.fixture.account()
            try await app.fixture.admin(account, as: .owner, in: crows)
            try await app.fixture.admin(account, as: .support, in: owls)
            try await app.isReady(for: owls.id)

            let wrong = try await app.login("ada@example.com", "wrong")
            let asked = try await app.login()
            let chosen = try TokenAnswer(await app.login(tenant: owls))
            let me = try app.json(await app.get("/v1/auth/me", as: chosen.bearer))

            _ = try ProblemAnswer(wrong, 401, "invalid_credentials")
            _ = try ProblemAnswer(asked, 409, "tenant_required")
            #expect(try FieldProblem(asked).tenants == [.init(crows, .owner), .init(owls, .support)])
            #expect(me["tenant"]["id"] == .string("\(owls.id)") && me["role"] == .string("support"))
        }
    }

    @Test("A platform admin gets a session in no tenant, and none in a tenant of others")
    func platformAdmin() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            _ = try await app.fixture.account(isPlatformAdmin: true)

            let tokens = try TokenAnswer(await app.login())
            let me = try app.json(await app.get("/v1/auth/me", as: tokens.bearer))
            let elsewhere = try await app.login(tenant: tenant)

            #expect(me["type"] == .string("platform_admin"))
            #expect(me["tenant"] == .null && me["permissions"].elements.isEmpty)
            _ = try ProblemAnswer(elsewhere, 403, "forbidden")
        }
    }

    @Test(
        "The right password opens no tenant of others, none that is suspended, and nothing for nobody's admin"
    )
    func refused() async throws {
        try await RunningApp.with { app in
            let (own, other) = (try await app.fixture.tenant("Own"), try await app.fixture.tenant("Other"))
            try await app.fixture.admin(app.fixture.account(), in: own)
            _ = try await app.fixture.account("nobody@example.com")
            try await app.fixture.superuser.withConnection { connection in
                _ = try await connection.execute(
                    "UPDATE tenant SET status = 'suspended' WHERE id = \(own.id)")
            }

            let suspended = try await app.login()
            let elsewhere = try await app.login(tenant: other)
            let nowhere = try await app.login("nobody@example.com")

            _ = try ProblemAnswer(suspended, 403, "tenant_suspended")
            _ = try ProblemAnswer(elsewhere, 403, "forbidden")
            _ = try ProblemAnswer(nowhere, 403, "forbidden")
            #expect(try await app.audit("session.create") == Array(repeating: "denied stranger", count: 3))
        }
    }

    @Test("Unknown accounts and wrong passwords are answered with the same bytes")
    func sameWords() async throws {
        try await RunningApp.with { app in
            try await app.fixture.admin(app.fixture.account(), in: app.fixture.tenant())

            let wrong = try await app.login("ada@example.com", "wrong")
            let unknown = try await app.login("eve@example.com", "wrong")

            let problems = [
                try ProblemAnswer(wrong, 401, "invalid_credentials"),
                try ProblemAnswer(unknown, 401, "invalid_credentials"),
            ]
            let texts = zip([wrong, unknown], problems).map { answer, problem in
                String(decoding: answer.body, as: UTF8.self).replacing(problem.requestID, with: "")
            }
            #expect(texts[0] == texts[1])
            #expect(wrong.header("WWW-Authenticate") == unknown.header("WWW-Authenticate"))
            #expect(wrong.header("WWW-Authenticate") != nil)
        }
    }

    @Test("After five failures the answer is 429, and says when to come again")
    func throttled() async throws {
        try await RunningApp.with { app in
            _ = try await app.fixture.account()
            try await app.fixture.slowDoor()
            for _ in 1...5 {
                _ = try ProblemAnswer(await app.login("ada@example.com", "wrong"), 401, "invalid_credentials")
            }

            let answer = try await app.login()

            _ = try ProblemAnswer(answer, 429, "rate_limited")
            let wait = try #require(answer.header("Retry-After").flatMap { Int($0) })
            #expect((800...1000).contains(wait))
        }
    }

    @Test("A repetition with the Idempotency-Key gives the same tokens, and one session")
    func idempotent() async throws {
        try await RunningApp.with { app in
            try await app.fixture.admin(app.fixture.account(), in: app.fixture.tenant())

            let first = try TokenAnswer(await app.login(headers: [("Idempotency-Key", "a")]))
            let again = try await app.login(headers: [("Idempotency-Key", "a")])
            let sessions = try await app.fixture.superuser.withConnection { connection in
                try await connection.value("SELECT count(*) FROM session", as: Int.self)
            }

            #expect(try TokenAnswer(again) == first)
            #expect(again.header("Idempotency-Replayed") == "true")
            #expect(sessions == 1)
        }
    }

    @Test("What is no login is told field by field")
    func fields() async throws {
        try await RunningApp.with { app in
            let answer = try await app.postJSON(
                "/v1/auth/login", ["email": "nobody", "tenant_id": "tenant_1", "is_platform_admin": "true"])

            #expect(
                try FieldProblem(answer).fields.sorted() == [
                    "/email invalid", "/is_platform_admin unknown", "/password required",
                    "/tenant_id invalid",
                ])
        }
    }
}
