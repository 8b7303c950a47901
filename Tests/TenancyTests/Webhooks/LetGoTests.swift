import Platform
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

@Suite("Bots let go of before their tenant is deleted", .timeLimit(.minutes(10)))
struct LetGoTests {
    @Test("Nobody waits for a bot that Telegram does not answer about, and the others are let go of")
    func silence() async throws {
        try await ConnectorRun.with { run in
            let tenant = try await run.fixture.tenant()
            let (silent, other) = (
                try await run.newBot(.webhook, in: tenant), try await run.newBot(.webhook, in: tenant)
            )
            for bot in [silent, other] { _ = try await run.connector.settle(bot.key) }
            _ = try await run.telegram.sandbox.setFault(
                SandboxFault(silence: .seconds(600), method: "getWebhookInfo"), of: silent.telegramID)

            let began = ContinuousClock.now
            let count = try await run.connector.letGo(of: tenant.id, within: .seconds(3))

            // The call's own time-out is 20 s.
            #expect(count == 1)
            #expect(ContinuousClock.now - began < .seconds(18))
            let state = try await run.telegram.sandbox.state(of: other.telegramID)
            #expect(state["webhook"]?["url"]?.stringValue == nil)
            let bots = try await run.fixture.database.read(tenant.id) { tx in try await Bot.all(in: tx) }
            #expect(bots.map(\.transport) == [.webhook, .none])
        }
    }
}
