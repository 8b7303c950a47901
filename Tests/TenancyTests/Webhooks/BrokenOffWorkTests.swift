import Platform
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

@Suite("Work on a bot that is broken off", .timeLimit(.minutes(10)))
struct BrokenOffWorkTests {
    private struct Broken: Error {}

    @Test("An address that Telegram has taken is known for ours, though it could not be stored afterwards")
    func address() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            try await run.look(at: bot)
            var wish = WebhookWish()
            wish.url = "https://custom.test/hook"

            await #expect(throws: Broken.self) {
                _ = try await run.connector.setWebhook(of: bot.key, to: wish) { _, _, _ in throw Broken() }
            }
            let taken = try await run.url(of: bot)
            try await run.look(at: bot)

            #expect(taken == "https://custom.test/hook")
            #expect(run.recorded.all == [.repaired(reason: "Telegram had an earlier address")])
            #expect(try await run.url(of: bot) == run.address.webhookURL(of: bot))
        }
    }
}

extension ConnectorRun {
    fileprivate func url(of bot: Bot) async throws -> String? {
        try await telegram.sandbox.state(of: bot.telegramID)["webhook"]?["url"]?.stringValue
    }
}
