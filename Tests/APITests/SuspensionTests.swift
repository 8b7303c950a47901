import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Suspension", .serialized, .timeLimit(.minutes(10)))
struct SuspensionTests {
    @Test("Closes a tenant's API and ingest on every node that has looked, and its end opens them again")
    func everyNode() async throws {
        try await RunningApp.with { app in
            try await app.withAnother { other in
                let platform = try await app.bearer(app.fixture.platformAdmin())
                let bot = try await app.bot()
                let tenant = try await app.fixture.database.read(bot.tenant) { tx in
                    try await Tenant.current(in: tx)
                }
                let owner = try await app.bearer(app.fixture.admin(in: try #require(tenant)))
                try await other.isReady(for: bot.tenant)
                try await app.fixture.eventually("the bot") { other.app.directory.tenant(of: bot.id) != nil }
                func statuses() async throws -> [Int] {
                    var statuses: [Int] = []
                    for node in [app, other] {
                        statuses.append(try await node.get("/v1/tenant", as: owner).status)
                        statuses.append(try await node.post(#"{"update_id":1}"#, to: "\(bot.id)").status)
                    }
                    return statuses
                }
                let path = "/v1/platform/tenants/\(bot.tenant)"

                try await app.fixture.eventually("both nodes to know keys, tenant and bot") {
                    try await statuses() == [200, 200, 200, 200]
                }
                _ = try JSONAnswer(
                    try await app.send("PATCH", path, json: #"{"status":"suspended"}"#, as: platform), 200)
                try await app.fixture.eventually("the suspension") {
                    try await statuses() == [403, 403, 403, 403]
                }
                let told = try await other.get("/v1/tenant", as: owner)
                let inside = try await other.send(
                    "GET", "/v1/tenant", headers: [platform, ("Rookery-Tenant", "\(bot.tenant)")])
                _ = try JSONAnswer(
                    try await other.send("PATCH", path, json: #"{"status":"active"}"#, as: platform), 200)
                try await app.fixture.eventually("its end") {
                    try await statuses() == [200, 200, 200, 200]
                }

                _ = try ProblemAnswer(told, 403, "tenant_suspended")
                #expect(told.header("RateLimit-Policy")?.hasPrefix("\"tenant\"") == true)
                #expect(try JSONAnswer(inside, 200)["status"] == .string("suspended"))
            }
        }
    }

    @Test("Counts as well when it is made by hand in the database, and so does a limit")
    func byHand() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant(limits: TenantLimits())
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            func change(_ sql: SQL) async throws {
                _ = try await app.fixture.superuser.withConnection { try await $0.execute(sql) }
            }

            try await change("UPDATE tenant SET limits = '{\"requests_per_minute\": 5000}'")
            try await app.fixture.eventually("the limit") {
                try await app.get("/v1/tenant", as: owner).header("RateLimit-Policy")
                    == "\"tenant\";q=5000;w=60"
            }
            try await change("UPDATE tenant SET status = 'suspended'")
            try await app.fixture.eventually("the suspension") {
                try await app.get("/v1/tenant", as: owner).status == 403
            }
        }
    }
}
