import Platform
import Tenancy
import TestSupport
import Testing

@testable import API
@testable import Sandbox

@Suite("Bots of a tenant that is deleted", .serialized, .timeLimit(.minutes(10)))
struct DeletedTenantTests {
    @Test("Their webhooks are deleted at Telegram, but for those of somebody else")
    func webhooks() async throws {
        try await BotsRun.with { run in
            let bots = [try await run.newBot(), try await run.newBot(mode: "hybrid")]
            let foreign = try await run.newBot()
            try await run.setForeignWebhook(foreign.profile)
            let admin = try await run.app.bearer(run.app.fixture.platformAdmin())

            let answer = try await run.app.send(
                "DELETE", "/v1/platform/tenants/\(run.tenant.id)", headers: [admin])

            #expect(answer.status == 204)
            for bot in bots { #expect(try await run.webhook(of: bot) == nil) }
            #expect(try await run.webhook(of: foreign)?.hasPrefix("https://elsewhere.test/") == true)
        }
    }

    @Test("A tenant is deleted though Telegram refuses one of its bots")
    func refusal() async throws {
        try await BotsRun.with { run in
            let (one, other) = (try await run.newBot(), try await run.newBot())
            try await run.fail("deleteWebhook", of: one.telegramID, status: 502)
            let admin = try await run.app.bearer(run.app.fixture.platformAdmin())

            let answer = try await run.app.send(
                "DELETE", "/v1/platform/tenants/\(run.tenant.id)", headers: [admin])

            #expect(answer.status == 204)
            #expect(try await run.webhook(of: other) == nil)
        }
    }

    @Test("Whoever may not delete it, or has an older state in mind, lets go of nothing")
    func refused() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            let path = "/v1/platform/tenants/\(run.tenant.id)"
            let admin = try await run.app.bearer(run.app.fixture.platformAdmin())

            let forbidden = try await run.send("DELETE", path)
            let stale = try await run.app.send(
                "DELETE", path, headers: [admin, ("If-Match", "\"an-older-one\"")])

            #expect(forbidden.status == 403)
            #expect(stale.status == 412)
            #expect(try await run.webhook(of: bot) == run.url(of: bot))
        }
    }
}
