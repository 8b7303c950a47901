import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Refresh and logout", .serialized, .timeLimit(.minutes(10)))
struct RefreshTests {
    @Test("Fifty refreshes at once get the same successor, whose access tokens all work")
    func fiftyAtOnce() async throws {
        try await RunningApp.with { app in
            let tokens = try await app.signedIn(in: app.fixture.tenant())
            try await app.fixture.lengthenGrace()

            let answers = try await withThrowingTaskGroup(of: TokenAnswer.self) { group in
                for _ in 0..<50 { group.addTask { try TokenAnswer(await app.refresh(tokens.refreshToken)) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(Set(answers.map(\.refreshToken)).count == 1)
            for answer in answers.prefix(3) {
                #expect(try await app.get("/v1/auth/me", as: answer.bearer).status == 200)
            }
        }
    }

    @Test("An old token is refused, and then neither refresh nor access tokens of the session work")
    func reuse() async throws {
        try await RunningApp.with { app in
            let tokens = try await app.signedIn(in: app.fixture.tenant())
            let second = try TokenAnswer(await app.refresh(tokens.refreshToken))
            let third = try TokenAnswer(await app.refresh(second.refreshToken))

            let thief = try await app.refresh(tokens.refreshToken)
            let victim = try await app.refresh(third.refreshToken)

            _ = try ProblemAnswer(thief, 401, "invalid_token")
            _ = try ProblemAnswer(victim, 401, "invalid_token")
            try await app.fixture.eventually("the access tokens to be refused") {
                try await app.get("/v1/auth/me", as: third.bearer).status == 401
            }
            #expect(try await app.audit("session.refresh_reuse") == ["denied admin"])
        }
    }

    @Test("Access tokens, API keys and nonsense renew nothing")
    func otherTokens() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let tokens = try await app.signedIn(in: tenant)
            let key = try await app.fixture.apiKey(in: tenant).secret

            for text in [tokens.accessToken, key, "", "rk_ref_"] {
                let answer = try await app.refresh(text)
                #expect(answer.status == 401 || answer.status == 422)
            }
            let asAccess = try await app.get(
                "/v1/auth/me", as: ("Authorization", "Bearer " + tokens.refreshToken))

            _ = try ProblemAnswer(asAccess, 401, "invalid_token")
        }
    }

    @Test("While the tenant is suspended a refresh is refused, and the token stays good")
    func suspended() async throws {
        try await RunningApp.with { app in
            let tokens = try await app.signedIn(in: app.fixture.tenant())
            try await Self.set("suspended", in: app)
            let refused = try await app.refresh(tokens.refreshToken)
            try await Self.set("active", in: app)
            let renewed = try await app.refresh(tokens.refreshToken)

            _ = try ProblemAnswer(refused, 403, "tenant_suspended")
            #expect(renewed.status == 200)
        }
    }

    @Test("After logout neither token works, and logging out needs no body")
    func logout() async throws {
        try await RunningApp.with { app in
            let tokens = try await app.signedIn(in: app.fixture.tenant())

            let answer = try await app.send("POST", "/v1/auth/logout", headers: [tokens.bearer])

            #expect(answer.status == 204)
            _ = try ProblemAnswer(await app.refresh(tokens.refreshToken), 401, "invalid_token")
            try await app.fixture.eventually("the access token to be refused") {
                try await app.get("/v1/auth/me", as: tokens.bearer).status == 401
            }
            #expect(try await app.audit("session.delete") == ["success admin"])
        }
    }

    @Test("An API key has no session to end, and no list of them")
    func keys() async throws {
        try await RunningApp.with { app in
            let key = try await app.bearer(key: [.manageAdmins], in: app.fixture.tenant())

            let me = try app.json(await app.get("/v1/auth/me", as: key))
            _ = try ProblemAnswer(await app.send("POST", "/v1/auth/logout", headers: [key]), 403, "forbidden")
            _ = try ProblemAnswer(await app.get("/v1/auth/sessions", as: key), 403, "forbidden")
            _ = try ProblemAnswer(
                await app.send("DELETE", "/v1/auth/sessions/x", headers: [key]), 403, "forbidden")
            _ = try ProblemAnswer(
                await app.send("PUT", "/v1/auth/password", json: "{}", as: key), 403, "forbidden")

            #expect(me["type"] == .string("api_key") && me["account"] == .null && me["session_id"] == .null)
            #expect(me["permissions"] == .array([.string("manage_admins")]))
        }
    }

    private static func set(_ status: String, in app: RunningApp) async throws {
        try await app.fixture.superuser.withConnection { connection in
            _ = try await connection.execute("UPDATE tenant SET status = \(status)")
        }
    }
}
