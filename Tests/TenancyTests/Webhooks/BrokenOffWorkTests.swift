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

    @Test("A webhook that was deleted for nothing is set again at the next opportunity")
    func deleted() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            try await run.look(at: bot)

            await #expect(throws: Broken.self) {
                _ = try await run.connector.disconnect(bot.key) { _, _ in throw Broken() }
            }

            #expect(try await run.url(of: bot) == nil)
            #expect(try await run.due(in: bot.tenant) == 1)
            #expect(try await run.standing(of: bot).webhook.lastCheckedAt == nil)
        }
    }

    @Test("A token that Telegram takes back while it is put in leaves no bot that passes for active")
    func token() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            try await run.change(bot, "status = 'token_revoked'")
            let token = try #require(
                BotToken(try await run.telegram.sandbox.profile(of: bot.telegramID).token))
            let profile = try await run.connector.identify(token)
            try await run.fail("getWebhookInfo", of: bot, status: 401)

            await #expect(throws: BotAPIError.self) {
                _ = try await run.connector.replaceToken(of: bot.key, with: token, profile) { _, _, _ in }
            }

            #expect(try await run.standing(of: bot).bot.status == .tokenRevoked)
        }
    }
}

extension ConnectorRun {
    fileprivate func url(of bot: Bot) async throws -> String? {
        try await telegram.sandbox.state(of: bot.telegramID)["webhook"]?["url"]?.stringValue
    }
}
