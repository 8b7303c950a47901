import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Idempotency-Keys of strangers", .timeLimit(.minutes(10)))
struct StrangersKeyTests {
    private static let proxied = ["ROOKERY_TRUSTED_PROXIES": "127.0.0.0/8"]

    @Test("A key is its address's own, and a network's of IPv6 addresses")
    func addresses() async throws {
        try await RunningApp.with(settings: Self.proxied) { app in
            let tenant = try await app.fixture.tenant()
            for email in ["ada@example.com", "eve@example.com"] {
                try await app.fixture.admin(app.fixture.account(email), in: tenant)
            }
            func login(_ email: String, from address: String) async throws -> HTTPClientResponse {
                try await app.login(
                    email, headers: [("X-Forwarded-For", address), ("Idempotency-Key", "login-1")])
            }

            let ada = try await login("ada@example.com", from: "192.0.2.1")
            let eve = try await login("eve@example.com", from: "192.0.2.2")
            let again = try await login("ada@example.com", from: "192.0.2.1")
            let six = try await login("ada@example.com", from: "2001:db8::1")
            let neighbour = try await login("ada@example.com", from: "2001:db8::2")
            let stranger = try await login("ada@example.com", from: "2001:db8:0:1::1")

            #expect(
                [ada, eve, again, six, neighbour, stranger].map(\.status) == Array(repeating: 200, count: 6))
            #expect(again.body == ada.body && again.header("Idempotency-Replayed") == "true")
            #expect(eve.header("Idempotency-Replayed") == nil)
            #expect(six.body != ada.body && neighbour.body == six.body && stranger.body != six.body)
        }
    }

    @Test("What a stranger is refused is not kept")
    func refusals() async throws {
        try await RunningApp.with { app in
            let (nest, roost) = (try await app.fixture.tenant(), try await app.fixture.tenant("Roost"))
            let account = try await app.fixture.account()
            try await app.fixture.admin(account, in: nest)
            try await app.fixture.admin(account, in: roost)
            let key = [("Idempotency-Key", "login-1")]

            let many = try await app.login(headers: key)
            let one = try await app.login(tenant: nest, headers: key)

            _ = try ProblemAnswer(many, 409, "tenant_required")
            #expect(one.status == 200)
        }
    }
}
