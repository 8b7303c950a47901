import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Accepting invitations", .serialized, .timeLimit(.minutes(10)))
struct InvitationAcceptanceTests {
    @Test("Somebody new comes in with a name and a password, in the role of the invitation, and signed in")
    func newAccount() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let token = try await app.fixture.invitation("Grace@Example.com", as: .trainer, into: tenant)

            let tokens = try TokenAnswer(await Self.accept(token, app))
            try await app.isReady(for: tenant.id)
            let me = try app.json(await app.get("/v1/auth/me", as: tokens.bearer))
            let again = try await app.login("grace@example.com", tenant: tenant)

            #expect(me["role"] == .string("trainer") && me["tenant"]["id"] == .string("\(tenant.id)"))
            #expect(
                me["account"]["name"] == .string("Grace")
                    && me["account"]["email"] == .string("Grace@Example.com"))
            #expect(again.status == 200)
            #expect(try await app.audit("invitation.accept") == ["success admin"])
            #expect(try await Self.trail(of: tenant, app) == ["invitation.accept", "session.create"])
        }
    }

    @Test("A person who has an account gives its password, which is slowed down like a sign-in")
    func knownAccount() async throws {
        try await RunningApp.with { app in
            let (old, new) = (try await app.fixture.tenant("Old"), try await app.fixture.tenant("New"))
            try await app.fixture.admin(app.fixture.account(), in: old)
            let token = try await app.fixture.invitation("ADA@example.com", into: new)
            try await app.fixture.slowDoor()

            let wrong = try await Self.accept(token, password: "another password", app)
            let right = try await app.postJSON(
                "/v1/auth/invitations/accept", ["token": token, "password": Fixture.password])
            for _ in 1...5 { _ = try await app.login("ada@example.com", "wrong") }
            let slowed = try await Self.accept(
                app.fixture.invitation(into: app.fixture.tenant("Third")), app)

            _ = try ProblemAnswer(wrong, 401, "invalid_credentials")
            #expect(right.status == 200)
            _ = try ProblemAnswer(slowed, 429, "rate_limited")
        }
    }

    @Test("An invitation is accepted once, even by ten at once")
    func once() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let token = try await app.fixture.invitation(into: tenant)
            try await app.isReady()

            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<10 { group.addTask { try await Self.accept(token, app).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let (admins, accounts) = try await app.fixture.superuser.withConnection { connection in
                (
                    try await connection.value("SELECT count(*) FROM admin", as: Int.self),
                    try await connection.value("SELECT count(*) FROM account", as: Int.self)
                )
            }

            #expect(statuses.filter { $0 == 200 }.count == 1)
            #expect(statuses.filter { $0 == 400 }.count == 9)
            #expect(admins == 1 && accounts == 1)
            _ = try ProblemAnswer(await Self.accept(token, app), 400, "invalid_invitation")
        }
    }

    @Test("Two invitations of one new person, accepted at once, make one account")
    func twoTenants() async throws {
        try await RunningApp.with { app in
            let first = try await app.fixture.invitation(into: app.fixture.tenant("First"))
            let second = try await app.fixture.invitation(into: app.fixture.tenant("Second"))
            try await app.isReady()

            async let one = Self.accept(first, app).status
            async let two = Self.accept(second, app).status
            let statuses = try await [one, two]
            let accounts = try await app.fixture.superuser.withConnection { connection in
                try await connection.value("SELECT count(*) FROM account", as: Int.self)
            }

            #expect(statuses == [200, 200])
            #expect(accounts == 1)
        }
    }

    @Test("Unknown, expired and used tokens are all the same, and so is one of a deleted tenant")
    func invalid() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let expired = try await app.fixture.invitation(into: tenant)
            try await Self.run("UPDATE invitation SET expires_at = clock_timestamp()", app)
            let open = try await app.fixture.invitation(into: tenant)
            try await Self.run("UPDATE tenant SET status = 'deleted'", app)

            for token in ["", "rk_inv_x", expired, open] {
                _ = try ProblemAnswer(await Self.accept(token, app), 400, "invalid_invitation")
            }
        }
    }

    @Test("Of a suspended tenant an invitation is refused, and stays open")
    func suspended() async throws {
        try await RunningApp.with { app in
            let token = try await app.fixture.invitation(into: app.fixture.tenant())
            try await Self.run("UPDATE tenant SET status = 'suspended'", app)
            let refused = try await Self.accept(token, app)
            try await Self.run("UPDATE tenant SET status = 'active'", app)
            let accepted = try await Self.accept(token, app)

            _ = try ProblemAnswer(refused, 403, "tenant_suspended")
            #expect(accepted.status == 200)
        }
    }

    @Test("Who is an admin there already is told so")
    func alreadyAdmin() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            try await app.fixture.admin(app.fixture.account(), as: .support, in: tenant)
            let token = try await app.fixture.invitation(as: .owner, into: tenant)

            let answer = try await Self.accept(token, app)

            _ = try ProblemAnswer(answer, 409, "already_admin")
            #expect(
                try app.json(
                    await app.get("/v1/auth/me", as: TokenAnswer(await app.login(tenant: tenant)).bearer))[
                        "role"] == .string("support"))
        }
    }

    @Test("Somebody new needs a name and a good password")
    func fields() async throws {
        try await RunningApp.with { app in
            let token = try await app.fixture.invitation(into: app.fixture.tenant())

            let nameless = try await app.postJSON(
                "/v1/auth/invitations/accept", ["token": token, "password": Fixture.password])
            let short = try await Self.accept(token, password: "short", app)
            let common = try await Self.accept(token, password: "password1234", app)

            #expect(
                try [nameless, short, common].flatMap { try FieldProblem($0).fields } == [
                    "/name required", "/password too_short", "/password too_common",
                ])
            #expect(try await Self.accept(token, app).status == 200)
        }
    }

    @Test("A repetition with the Idempotency-Key gives the first answer, used as the token is")
    func idempotent() async throws {
        try await RunningApp.with { app in
            let token = try await app.fixture.invitation(into: app.fixture.tenant())

            let first = try TokenAnswer(await Self.accept(token, app, headers: [("Idempotency-Key", "k")]))
            let again = try await Self.accept(token, app, headers: [("Idempotency-Key", "k")])

            #expect(try TokenAnswer(again) == first)
            #expect(again.header("Idempotency-Replayed") == "true")
        }
    }

    private static func accept(
        _ token: String, password: String = Fixture.password, _ app: RunningApp,
        headers: [(String, String)] = []
    ) async throws -> HTTPClientResponse {
        try await app.isReady()
        return try await app.postJSON(
            "/v1/auth/invitations/accept", ["token": token, "password": password, "name": "Grace"],
            headers: headers)
    }

    private static func run(_ sql: SQL, _ app: RunningApp) async throws {
        try await app.fixture.superuser.withConnection { connection in _ = try await connection.execute(sql) }
    }

    private static func trail(of tenant: Tenant, _ app: RunningApp) async throws -> [String] {
        try await app.fixture.superuser.withConnection { connection in
            try await connection.values(
                "SELECT action FROM audit_event WHERE tenant_id = \(tenant.id) ORDER BY action LIMIT 2",
                as: String.self)
        }
    }
}
