import Platform
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

@Suite("Polls that fail", .timeLimit(.minutes(10)))
struct PollFaultsTests {
    private func fault(_ name: String, retryAfter: Int? = nil, description: String? = nil, remaining: Int?)
        -> SandboxFault
    {
        SandboxFault(
            method: "getupdates",
            kind: SandboxFault.Kind(
                name: name, retryAfter: retryAfter, description: description, seconds: nil, migrateTo: nil)!,
            remaining: remaining)
    }

    @Test("A webhook of ours that is still there is deleted")
    func ownWebhook() async throws {
        try await PollingRun.with { run in
            let bot = try await run.newBot()
            try await run.eventually("a poll that waits") { try await run.polls(bot) }

            try await run.run.setForeignWebhook(of: bot, url: run.run.connector.address.webhookURL(of: bot)!)
            _ = try? await run.sandbox.write("hello", to: bot.telegramID)

            try await run.eventually("a poll that waits") { try await run.polls(bot) }
            #expect(try await run.sandbox.state(of: bot.telegramID)["webhook"] == .null)
            #expect(try await run.stored(1, of: bot) == ["hello"])
        }
    }

    @Test("Somebody else's webhook is a conflict that its owner is told of once, and over when it is gone")
    func foreignWebhook() async throws {
        try await PollingRun.with { run in
            let bot = try await run.newBot()
            try await run.eventually("a poll that waits") { try await run.polls(bot) }

            try await run.run.setForeignWebhook(of: bot)
            try await run.eventually("the conflict") {
                try await run.webhook(of: bot)?.state == .conflict
            }
            let before = try await run.calls("getWebhookInfo", of: bot).count
            try await run.eventually("a second look") {
                try await run.calls("getWebhookInfo", of: bot).count > before
            }
            let state = try await run.sandbox.state(of: bot.telegramID)
            #expect(state["webhook"]?["url"]?.stringValue == "https://elsewhere.test/hook")
            #expect(run.run.told.all == [.foreignWebhook(host: "elsewhere.test")])

            try await run.run.setForeignWebhook(of: bot, url: "")

            try await run.eventually("all is well") { try await run.webhook(of: bot)?.state == .notSet }
            #expect(try await run.webhook(of: bot)?.reason == "The bot polls")
        }
    }

    @Test("Somebody else's webhook is deleted when its owner said so")
    func takeOver() async throws {
        try await PollingRun.with { run in
            let bot = try await run.newBot(with: "take_over = true")
            try await run.eventually("a poll that waits") { try await run.polls(bot) }

            try await run.run.setForeignWebhook(of: bot)

            try await run.eventually("no webhook") {
                try await run.sandbox.state(of: bot.telegramID)["webhook"] == .null
            }
            try await run.eventually("a poll that waits") { try await run.polls(bot) }
            #expect(run.run.recorded.all.contains(.takenOver(host: "elsewhere.test")))
        }
    }

    @Test("Somebody else who polls is a conflict that its owner is told of once, and over when they stop")
    func foreignPoll() async throws {
        let pace = PollPace(
            longest: .seconds(1), conflictLimit: 2, conflictTime: .seconds(8), calmTime: .seconds(8))
        try await PollingRun.with(pace: pace) { run in
            let bot = try await run.newBot()
            try await run.eventually("a poll that waits") { try await run.polls(bot) }

            let fault = fault("409", remaining: nil)
            _ = try await run.sandbox.setFault(fault, of: bot.telegramID)
            try await run.eventually("the conflict") {
                try await run.webhook(of: bot)?.state == .conflict
            }
            let before = try await run.calls("getUpdates", of: bot).count
            try await run.eventually("another conflict") {
                try await run.calls("getUpdates", of: bot).count > before + 1
            }
            #expect(run.run.told.all == [.foreignPoll])
            try await run.sandbox.clearFaults(of: bot.telegramID)

            try await run.eventually("all is well") { try await run.webhook(of: bot)?.state == .notSet }
        }
    }

    @Test("Somebody else who polls now and then is told of once, whichever node polls")
    func foreignPollNowAndThen() async throws {
        let pace = PollPace(longest: .seconds(1), conflictLimit: 1)
        try await PollingRun.with(pace: pace, holdsShards: false) { run in
            let bot = try await run.newBot()
            try await run.fixture.tamper(
                """
                UPDATE bot_webhook SET state = 'conflict', reason = \(PollState.foreignPoll.reason)
                WHERE bot_id = \(bot.id)
                """)

            run.hold(epoch: 1)
            // Polls that are answered, each long enough to be shown.
            try await run.eventually("several polls") {
                try await run.calls("getUpdates", of: bot).filter { $0.status == 200 }.count >= 4
            }
            let between = try await run.webhook(of: bot)?.state
            _ = try await run.sandbox.setFault(fault("409", remaining: 2), of: bot.telegramID)
            try await run.eventually("the conflicts") {
                try await run.calls("getUpdates", of: bot).filter { $0.status == 409 }.count >= 2
            }

            #expect(between == .conflict)
            #expect(run.run.told.all.isEmpty)
        }
    }

    @Test("One poll ended by another is no conflict: it happens when a bot goes from node to node")
    func passingConflict() async throws {
        try await PollingRun.with { run in
            let bot = try await run.newBot()
            try await run.eventually("a poll that waits") { try await run.polls(bot) }

            _ = try await run.sandbox.setFault(fault("409", remaining: 1), of: bot.telegramID)
            for text in ["one", "two"] { _ = try await run.sandbox.write(text, to: bot.telegramID) }

            #expect(try await run.stored(2, of: bot) == ["one", "two"])
            #expect(try await run.webhook(of: bot)?.state == .notSet)
            #expect(run.run.told.all.isEmpty)
        }
    }

    @Test("After 429 the bot waits as long as Telegram says")
    func limited() async throws {
        try await PollingRun.with { run in
            let bot = try await run.newBot()
            try await run.eventually("a poll that waits") { try await run.polls(bot) }

            _ = try await run.sandbox.setFault(
                fault("429", retryAfter: 2, remaining: 1), of: bot.telegramID)
            _ = try await run.sandbox.write("one", to: bot.telegramID)
            _ = try await run.sandbox.write("two", to: bot.telegramID)

            _ = try await run.stored(2, of: bot)
            let calls = try await run.calls("getUpdates", of: bot)
            let limited = try #require(calls.firstIndex { $0.status == 429 })
            #expect(calls[limited + 1].at - calls[limited].at >= .seconds(2))
        }
    }

    @Test("While Telegram answers nothing but errors the bot is shown as failing, and not when it is over")
    func outage() async throws {
        let pace = PollPace(patience: .zero)
        try await PollingRun.with(pace: pace) { run in
            let bot = try await run.newBot()
            try await run.eventually("a poll that waits") { try await run.polls(bot) }

            _ = try await run.sandbox.setFault(fault("502", remaining: nil), of: bot.telegramID)
            _ = try await run.sandbox.write("one", to: bot.telegramID)
            try await run.eventually("the failure") { try await run.webhook(of: bot)?.state == .failing }
            let after = try await run.bot(bot)
            _ = try await run.sandbox.write("two", to: bot.telegramID)
            try await run.sandbox.clearFaults(of: bot.telegramID)

            #expect(try await run.stored(2, of: bot) == ["one", "two"])
            try await run.eventually("all is well") { try await run.webhook(of: bot)?.state == .notSet }
            #expect(after?.status == .active)
            #expect(run.run.told.all.isEmpty)
        }
    }

    @Test("A token that Telegram knows no more ends the polling, and its owner is told")
    func revoked() async throws {
        try await PollingRun.with { run in
            let bot = try await run.newBot()
            try await run.eventually("a poll that waits") { try await run.polls(bot) }

            try await run.sandbox.removeBot(bot.telegramID)

            try await run.eventually("the bot's end") { try await run.bot(bot)?.status == .tokenRevoked }
            #expect(try await run.bot(bot)?.transport == Bot.Transport.none)
            #expect(run.run.told.all == [.tokenRevoked])
        }
    }

    @Test("A 401 that Telegram does not repeat when asked about the bot ends nothing")
    func passingUnauthorized() async throws {
        try await PollingRun.with { run in
            let bot = try await run.newBot()
            try await run.eventually("a poll that waits") { try await run.polls(bot) }

            _ = try await run.sandbox.setFault(fault("401", remaining: 1), of: bot.telegramID)
            for text in ["one", "two"] { _ = try await run.sandbox.write(text, to: bot.telegramID) }

            #expect(try await run.stored(2, of: bot) == ["one", "two"])
            #expect(try await run.bot(bot)?.status == .active)
        }
    }
}
