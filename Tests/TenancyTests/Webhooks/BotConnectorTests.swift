import Platform
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

@Suite("The bot connector")
struct BotConnectorTests {
    @Test("A new bot's webhook is set with its secret, and its transport says so")
    func setsWebhook() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)

            let (after, webhook) = try #require(
                try await run.connector.work(on: bot.key) { work in
                    try await run.connector.align(&work)
                    return BotConnector.Done()
                })

            let state = try await run.telegram.sandbox.state(of: bot.telegramID)
            #expect(
                state["webhook"]?["url"]?.stringValue == "https://rookery.test/telegram/webhook/\(bot.id)")
            #expect(state["secret_token"]?.stringValue == "crow")
            #expect(after.transport == .webhook)
            #expect(webhook.state == .healthy)
        }
    }

    @Test("A bot that is to poll has no webhook any more")
    func deletesWebhook() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.polling)
            try await run.setForeignWebhook(of: bot)

            let (after, webhook) = try #require(
                try await run.connector.work(on: bot.key) { work in
                    try await run.connector.align(&work)
                    return BotConnector.Done()
                })

            #expect(try await run.telegram.sandbox.state(of: bot.telegramID)["webhook"] == .null)
            #expect(after.transport == .polling)
            #expect(webhook.state == .notSet)
        }
    }

    @Test("A token that Telegram knows no more ends the work on the bot, and is written down with its event")
    func revokedToken() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            try await run.telegram.sandbox.removeBot(bot.telegramID)

            await #expect(throws: BotAPIError.self) {
                try await run.connector.work(on: bot.key) { work in
                    try await run.connector.align(&work)
                    return BotConnector.Done()
                }
            }

            let after = try await run.fixture.database.read(bot.tenant) { tx in
                try await Bot.find(bot.id, in: tx)
            }
            #expect(after?.status == .tokenRevoked)
            #expect(after?.transport == Bot.Transport.none)
            #expect(run.recorded.all == [.tokenRevoked])
            #expect(run.told.all == [.tokenRevoked])
        }
    }

    @Test("Two pieces of work on one bot follow one another")
    func oneAtATime() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            let running = Happenings<Int>()

            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        _ = try await run.connector.work(on: bot.key) { _ in
                            running.add(1)
                            try await run.fixture.loop.sleep(for: .milliseconds(20))
                            running.add(-1)
                            return BotConnector.Done()
                        }
                    }
                }
                try await group.waitForAll()
            }

            #expect(running.all == [1, -1, 1, -1, 1, -1])
        }
    }
}

@Suite("The schedule of checks")
struct CheckScheduleTests {
    private let schedule = CheckSchedule(interval: .seconds(300))

    @Test("A bot's next check is four fifths of an interval away at least, and one and four fifths at most")
    func window() {
        let now = Timestamp(microsecondsSince1970: 1_700_000_000_000_000)

        for _ in 0..<1000 {
            let next = schedule.next(after: now, for: ID<Bot>())
            #expect(next >= now + .seconds(240))
            #expect(next < now + .seconds(540))
        }
    }

    @Test("A bot is checked at the same moment of every interval")
    func phase() {
        let bot = ID<Bot>()
        let first = schedule.next(after: Timestamp(microsecondsSince1970: 1_700_000_000_000_000), for: bot)

        let second = schedule.next(after: first, for: bot)

        #expect(second - first == .seconds(300))
    }

    @Test("Checks are spread over the interval however the bots came to be")
    func spread() {
        let now = Timestamp(microsecondsSince1970: 1_700_000_000_000_000)
        var tenths = [Int](repeating: 0, count: 10)

        for _ in 0..<10_000 {
            let next = schedule.next(after: now, for: ID<Bot>())
            tenths[Int((next - now - .seconds(240)).seconds / 30)] += 1
        }

        #expect(tenths.allSatisfy { (800...1200).contains($0) })
    }
}
