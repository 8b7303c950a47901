import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Own sessions and password", .serialized, .timeLimit(.minutes(10)))
struct OwnSessionsTests {
    @Test("A person sees and ends the sessions of all devices, and no one else's")
    func sessions() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let phone = try await app.signedIn(in: tenant)
            let laptop = try TokenAnswer(await app.login(tenant: tenant))
            let stranger = try await app.signedIn("eve@example.com", in: tenant)

            let list = try app.json(await app.get("/v1/auth/sessions", as: laptop.bearer))["data"].elements
            let page = try app.json(await app.get("/v1/auth/sessions?limit=1", as: laptop.bearer))
            guard case .string(let id) = list[1]["id"], case .string(let cursor) = page["next_cursor"] else {
                throw TimedOut("ids")
            }
            let next = try app.json(
                await app.get("/v1/auth/sessions?limit=1&cursor=\(cursor)", as: laptop.bearer))
            let foreign = try await app.send("DELETE", "/v1/auth/sessions/\(id)", headers: [stranger.bearer])
            let none = try await app.send(
                "DELETE", "/v1/auth/sessions/\(ID<Session>())", headers: [stranger.bearer])
            let ended = try await app.send("DELETE", "/v1/auth/sessions/\(id)", headers: [laptop.bearer])
            let again = try await app.send("DELETE", "/v1/auth/sessions/\(id)", headers: [laptop.bearer])

            #expect(list.map { $0["is_current"] } == [.bool(true), .bool(false)])
            #expect(
                list[0]["tenant_id"] == .string("\(tenant.id)") && list[0]["address"] == .string("127.0.0.1"))
            #expect(next["data"].elements.map { $0["id"] } == [.string(id)])
            _ = try ProblemAnswer(foreign, 404, "not_found")
            _ = try ProblemAnswer(none, 404, "not_found")
            #expect(ended.status == 204)
            _ = try ProblemAnswer(again, 404, "not_found")
            try await app.fixture.eventually("the phone to be signed out") {
                try await app.get("/v1/auth/me", as: phone.bearer).status == 401
            }
            #expect(try await app.get("/v1/auth/me", as: laptop.bearer).status == 200)
            #expect(try await app.refresh(phone.refreshToken).status == 401)
        }
    }

    @Test("Sessions of tenants that are deleted, or where one is an admin no more, are not listed")
    func withoutStanding() async throws {
        try await RunningApp.with { app in
            let account = try await app.fixture.account()
            var tenants: [Tenant] = []
            var sessions: [TokenAnswer] = []
            for name in ["Home", "Left", "Gone"] {
                let tenant = try await app.fixture.tenant(name)
                try await app.fixture.admin(account, as: .support, in: tenant)
                tenants.append(tenant)
                sessions.append(try TokenAnswer(await app.login(tenant: tenant)))
            }
            let (left, gone) = (tenants[1].id, tenants[2].id)
            func listed() async throws -> [JSONValue?] {
                try app.json(await app.get("/v1/auth/sessions", as: sessions[0].bearer))["data"].elements
                    .map { $0["tenant_id"] }
            }

            let before = try await listed()
            try await app.fixture.superuser.withConnection { connection in
                try await connection.execute("DELETE FROM admin WHERE tenant_id = \(left)")
                try await connection.execute("UPDATE tenant SET status = 'deleted' WHERE id = \(gone)")
            }
            let after = try await listed()

            #expect(before.count == 3)
            #expect(after == [.string("\(tenants[0].id)")])
        }
    }

    @Test("A new password ends all other sessions, and the old one opens nothing")
    func password() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let phone = try await app.signedIn(in: tenant)
            let laptop = try TokenAnswer(await app.login(tenant: tenant))

            let answer = try await Self.change(Fixture.password, "eight crows on a wire", app, laptop)

            #expect(answer.status == 204)
            _ = try ProblemAnswer(await app.refresh(phone.refreshToken), 401, "invalid_token")
            try await app.fixture.eventually("the phone to be signed out") {
                try await app.get("/v1/auth/me", as: phone.bearer).status == 401
            }
            #expect(try await app.get("/v1/auth/me", as: laptop.bearer).status == 200)
            #expect(try await app.refresh(laptop.refreshToken).status == 200)
            _ = try ProblemAnswer(await app.login(tenant: tenant), 401, "invalid_credentials")
            #expect(
                try await app.login("ada@example.com", "eight crows on a wire", tenant: tenant).status == 200)
            #expect(try await app.audit("account.password_change") == ["success admin"])
        }
    }

    @Test("A wrong present password and a poor new one are told by field; wrong ones are slowed down")
    func refused() async throws {
        try await RunningApp.with { app in
            let tokens = try await app.signedIn(in: app.fixture.tenant())
            try await app.fixture.slowDoor()
            let new = "eight crows on a wire"

            let faults = [
                try await Self.change(Fixture.password, "short", app, tokens),
                try await Self.change(Fixture.password, String(repeating: "krähe ", count: 50), app, tokens),
                try await Self.change(Fixture.password, "Password2024!", app, tokens),
                try await Self.change(Fixture.password, "ADA@example.com", app, tokens),
                try await Self.change("wrong", new, app, tokens),
            ]
            for _ in 2...5 { _ = try await Self.change("wrong", new, app, tokens) }
            let slowed = try await Self.change(Fixture.password, new, app, tokens)

            #expect(
                try faults.flatMap { try FieldProblem($0).fields } == [
                    "/new_password too_short", "/new_password too_long", "/new_password too_common",
                    "/new_password too_common", "/current_password wrong",
                ])
            _ = try ProblemAnswer(slowed, 429, "rate_limited")
            #expect(
                try await app.audit("account.password_change") == Array(repeating: "failure admin", count: 5))
        }
    }

    private static func change(
        _ current: String, _ new: String, _ app: RunningApp, _ tokens: TokenAnswer
    ) async throws -> HTTPClientResponse {
        try await app.send(
            "PUT", "/v1/auth/password", json: #"{"current_password":"\#(current)","new_password":"\#(new)"}"#,
            as: tokens.bearer)
    }
}
