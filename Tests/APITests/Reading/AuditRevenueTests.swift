import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Revenue in the audit trail", .timeLimit(.minutes(10)))
struct AuditRevenueTests {
    @Test("What a tenant pays is seen in its trail by those who see revenue, as a list and as lines")
    func billing() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let auditor = try await app.bearer(key: [.viewAuditLog], in: tenant)
            let accountant = try await app.bearer(key: [.viewAuditLog, .viewRevenue], in: tenant)
            let platform = try await app.bearer(app.fixture.platformAdmin())
            let changed = try await app.send(
                "PATCH", "/v1/platform/tenants/\(tenant.id)",
                json:
                    #"{"name":"Roost","billing":{"plan":"Nestling","monthly_cents":731337,"currency":"EUR"}}"#,
                as: platform)
            try #require(changed.status == 200)

            for headers in [[], [("Accept", "application/x-ndjson")]] {
                let hidden = try await app.send("GET", "/v1/audit-events", headers: [auditor] + headers)
                let shown = try await app.send("GET", "/v1/audit-events", headers: [accountant] + headers)
                let all = try await app.send(
                    "GET", "/v1/platform/audit-events", headers: [platform] + headers)

                let text = String(decoding: hidden.body, as: UTF8.self)
                #expect(text.contains(#""changes":{"name":{"from":"Nest","to":"Roost"}}"#))
                for secret in ["billing", "731337", "Nestling", "EUR"] { #expect(!text.contains(secret)) }
                for answer in [shown, all] {
                    #expect(String(decoding: answer.body, as: UTF8.self).contains("731337"))
                }
            }
        }
    }
}
