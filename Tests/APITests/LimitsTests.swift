import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Limits of the API", .serialized, .timeLimit(.minutes(10)))
struct LimitsTests {
    @Test("A tenant has so many requests a minute, over all its callers, and other tenants have theirs")
    func tenant() async throws {
        try await RunningApp.with(stopsClock: true) { app in
            let tenant = try await app.fixture.tenant(
                limits: TenantLimits(overrides: [.requestsPerMinute: 3]))
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let key = try await app.bearer(key: [.viewBots], in: tenant)
            let other = try await app.bearer(
                app.fixture.admin(in: try await app.fixture.tenant(limits: TenantLimits())))

            var answers: [HTTPClientResponse] = []
            for caller in [owner, key, owner, key] {
                answers.append(try await app.get("/v1/tenant", as: caller))
            }
            let elsewhere = try await app.get("/v1/tenant", as: other)

            #expect(answers.map(\.status) == [200, 200, 200, 429])
            #expect(
                answers.map { $0.header("RateLimit-Policy") }
                    == Array(repeating: "\"tenant\";q=3;w=60", count: 4))
            #expect(answers[0].header("RateLimit")?.hasPrefix("\"tenant\";r=2;t=") == true)
            _ = try ProblemAnswer(answers[3], 429, "rate_limited")
            #expect(answers[3].header("Retry-After") == "20")
            #expect(elsewhere.status == 200)
            #expect(elsewhere.header("RateLimit-Policy") == "\"tenant\";q=600;w=60")
        }
    }

    @Test("Where a caller has a part, it gets no more, and takes nothing of the others'")
    func caller() async throws {
        try await RunningApp.with(stopsClock: true) { app in
            let tenant = try await app.fixture.tenant(
                limits: TenantLimits(overrides: [.requestsPerMinute: 10, .requestsPerMinutePerCaller: 2]))
            let greedy = try await app.bearer(app.fixture.admin(in: tenant))
            let modest = try await app.bearer(app.fixture.admin(in: tenant, role: .support))

            var statuses: [Int] = []
            for _ in 0..<9 { statuses.append(try await app.get("/v1/tenant", as: greedy).status) }
            let answer = try await app.get("/v1/tenant", as: modest)

            #expect(statuses == [200, 200] + Array(repeating: 429, count: 7))
            #expect(answer.status == 200)
            #expect(answer.header("RateLimit")?.hasPrefix("\"tenant\";r=7;") == true)
        }
    }

    @Test("A dear route takes more than one")
    func cost() async throws {
        try await RunningApp.with(stopsClock: true) { app in
            let tenant = try await app.fixture.tenant(
                limits: TenantLimits(overrides: [.requestsPerMinute: 12]))
            let owner = try await app.bearer(app.fixture.admin(in: tenant))

            var statuses: [Int] = []
            for number in 1...3 {
                statuses.append(
                    try await app.send(
                        "POST", "/v1/invitations",
                        json: #"{"email":"a\#(number)@example.org","role":"support"}"#,
                        as: owner
                    ).status)
            }
            let cheap = try await app.get("/v1/tenant", as: owner).status

            #expect(statuses == [201, 201, 429] && cheap == 200)
        }
    }

    @Test("The trail as lines, and making a tenant, take more than a page")
    func exportAndTenant() async throws {
        try await RunningApp.with(stopsClock: true) { app in
            let tenant = try await app.fixture.tenant(
                limits: TenantLimits(overrides: [.requestsPerMinute: 45]))
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let platform = try await app.bearer(app.fixture.platformAdmin())
            func left(_ answer: HTTPClientResponse) throws -> Int {
                let state = try #require(answer.header("RateLimit"))
                return try #require(state.split(separator: ";").compactMap { Int($0.dropFirst(2)) }.first)
            }

            let page = try await app.get("/v1/audit-events", as: owner)
            let lines = try await app.send(
                "GET", "/v1/audit-events", headers: [owner, ("Accept", "application/x-ndjson")])
            let before = try await app.get("/v1/auth/me", as: platform)
            let made = try await app.send(
                "POST", "/v1/platform/tenants", json: #"{"name":"Nest","owner_email":"a@example.org"}"#,
                as: platform)

            #expect(page.status == 200 && lines.status == 200 && made.status == 201)
            #expect(try left(page) - left(lines) == 20)
            #expect(try left(before) - left(made) == 5)
        }
    }

    @Test("Every answer under /v1 says how it was counted")
    func headers() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant(limits: TenantLimits())
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let support = try await app.bearer(app.fixture.admin(in: tenant, role: .support))
            let platform = try await app.bearer(app.fixture.platformAdmin())
            let stranger = ("Accept", "*/*")
            let cases: [(String, String, (String, String), Int, String)] = [
                ("GET", "/v1/tenant", stranger, 401, "address"),
                ("GET", "/v1/tenant", ("Authorization", "Bearer x"), 401, "address"),
                ("GET", "/v1/nothing", stranger, 404, "address"),
                ("GET", "/v1/nothing", owner, 404, "address"),
                ("PUT", "/v1/tenant", owner, 405, "address"),
                ("OPTIONS", "/v1/tenant", stranger, 204, "address"),
                ("GET", "/v1/tenant", owner, 200, "tenant"),
                ("GET", "/v1/admins", support, 403, "tenant"),
                ("GET", "/v1/admins/\(ID<Admin>())", owner, 404, "tenant"),
                ("GET", "/v1/admins?limit=0", owner, 400, "tenant"),
                ("PATCH", "/v1/tenant", owner, 415, "tenant"),
                ("GET", "/v1/platform/tenants", platform, 200, "caller"),
                ("GET", "/v1/tenant", platform, 400, "caller"),
            ]

            for (method, path, header, status, policy) in cases {
                let answer = try await app.send(method, path, headers: [header])
                #expect(answer.status == status, "\(method) \(path)")
                #expect(
                    answer.header("RateLimit-Policy")?.hasPrefix("\"\(policy)\";q=") == true,
                    "\(method) \(path)")
                #expect(
                    answer.header("RateLimit")?.hasPrefix("\"\(policy)\";r=") == true, "\(method) \(path)")
            }
        }
    }
}
