import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Denials in the audit trail", .serialized, .timeLimit(.minutes(10)))
struct DenialsTests {
    @Test("Whoever is known and refused is in the trail, whatever the reason")
    func denials() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let suspended = try await app.fixture.tenant("Shut")
            let maker = try await app.bearer(key: [.manageAPIKeys], in: tenant)
            let elsewhere = try await app.bearer(
                key: [.viewBots], in: tenant, allowedAddresses: [AddressRange("192.0.2.0/24")!])
            let shut = try await app.bearer(key: [.viewBots], in: suspended)
            _ = try await app.fixture.superuser.withConnection { connection in
                try await connection.execute(
                    "UPDATE tenant SET status = 'suspended', updated_at = now() WHERE id = \(suspended.id)")
            }
            try await app.fixture.eventually("the suspension") {
                app.app.access.tenants[suspended.id]?.status == .suspended
            }
            let foreign = ("Rookery-Tenant", "\(suspended.id)")
            let more = #"{"name":"x","permissions":["view_revenue"]}"#

            let answers = [
                try await app.send("POST", "/v1/api-keys", json: more, as: maker),
                try await app.get("/v1/roles", as: elsewhere),
                try await app.send("GET", "/v1/tenant", headers: [maker, foreign]),
                try await app.get("/v1/bots", as: shut),
                try await app.get("/v1/auth/sessions", as: maker),
            ]

            #expect(answers.map(\.status) == [403, 403, 403, 403, 403])
            let denials = try await app.fixture.superuser.withConnection { connection in
                try await connection.values(
                    """
                    SELECT target_id || ' ' || (tenant_id = \(suspended.id)) FROM audit_event
                    WHERE action = 'access.denied' AND outcome = 'denied' AND actor_type = 'api_key'
                        AND credential = actor_id
                    ORDER BY created_at
                    """, as: String.self)
            }
            #expect(
                denials == [
                    "POST /v1/api-keys false", "GET /v1/roles false", "GET /v1/tenant false",
                    "GET /v1/bots true", "GET /v1/auth/sessions false",
                ])
        }
    }

    @Test("A right password that begins no session is in the trail")
    func signIn() async throws {
        try await RunningApp.with { app in
            let (nest, roost) = (try await app.fixture.tenant(), try await app.fixture.tenant("Roost"))
            let account = try await app.fixture.account()
            try await app.fixture.admin(account, in: nest)
            try await app.fixture.admin(account, in: roost)
            let token = try await app.fixture.invitation(into: nest)

            let many = try await app.login()
            let noted = try await app.audit("session.create")
            let accepted = try await app.postJSON(
                "/v1/auth/invitations/accept", ["token": token, "password": Fixture.password])

            _ = try ProblemAnswer(many, 409, "tenant_required")
            #expect(noted == ["denied stranger"])
            _ = try ProblemAnswer(accepted, 409, "already_admin")
            #expect(try await app.audit("session.create") == ["denied stranger", "denied stranger"])
        }
    }
}
