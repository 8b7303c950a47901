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

    @Test("Who has lost the right to work on a bot writes nothing any more, and says so")
    func outrun() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            try await run.look(at: bot)

            await #expect(throws: BotWork.Busy.self) {
                _ = try await run.connector.work(on: bot.key) { work in
                    try await run.takeOver(bot)
                    work.webhook.reason = "too late"
                    return BotConnector.Done()
                }
            }
            await #expect(throws: BotWork.Busy.self) {
                _ = try await run.connector.work(on: bot.key) { work in
                    try await run.takeOver(bot)
                    let held = work
                    try await run.fixture.database.write(bot.tenant) { tx in
                        try await held.hold(in: tx).delete(in: tx)
                    }
                    return BotConnector.Done()
                }
            }

            let after = try await run.standing(of: bot)
            #expect(after.bot.status == .active && after.webhook.reason == nil)
        }
    }

    @Test("What a poller shows of a bot during a piece of work stands")
    func shown() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.polling)
            try await run.look(at: bot)

            _ = try await run.connector.work(on: bot.key) { _ in
                try await run.fixture.database.job { tx in
                    try await PollState.save([bot.key: .failing("Telegram cannot be reached")], in: tx)
                }
                return BotConnector.Done()
            }

            #expect(try await run.standing(of: bot).webhook.state == .failing)
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
    /// As another node does when the right has run out; which gives it back at once.
    fileprivate func takeOver(_ bot: Bot) async throws {
        let secrets = fixture.bots
        try await fixture.database.write(bot.tenant) { tx in
            try await tx.execute(
                """
                UPDATE bot_webhook SET work_until = '-infinity' WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot.id)
                """)
            try await BotWork.claim(bot.id, box: secrets, in: tx)?.release(in: tx)
        }
    }

    fileprivate func url(of bot: Bot) async throws -> String? {
        try await telegram.sandbox.state(of: bot.telegramID)["webhook"]?["url"]?.stringValue
    }
}
