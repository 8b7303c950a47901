import Platform
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

@Suite("Pollers", .timeLimit(.minutes(10)))
struct PollersTests {
    @Test("What waits at Telegram is stored in its order, and only then forgotten there")
    func backlog() async throws {
        try await PollingRun.with { run in
            let profile = try await run.newBot()
            let texts = (0..<250).map { "update \($0)" }

            for text in texts { _ = try await run.sandbox.write(text, to: profile.telegramID) }

            #expect(try await run.stored(250, of: profile) == texts)
            try await run.eventually("nothing pending") {
                try await run.sandbox.state(of: profile.telegramID)["pending"]?["total"] == .integer(0)
            }
        }
    }

    @Test("What comes while a poll waits is stored at once")
    func whileWaiting() async throws {
        try await PollingRun.with { run in
            let bot = try await run.newBot()
            try await run.eventually("a poll that waits") { try await run.polls(bot) }

            _ = try await run.sandbox.write("hello", to: bot.telegramID)

            #expect(try await run.stored(1, of: bot) == ["hello"])
        }
    }

    @Test("What cannot be stored is not confirmed, and stored when it can be")
    func confirmedAfterCommit() async throws {
        try await PollingRun.with { run in
            let bot = try await run.newBot()
            try await run.fixture.tamper("ALTER TABLE update_log RENAME TO update_log_away")
            for number in 0..<20 { _ = try await run.sandbox.write("\(number)", to: bot.telegramID) }
            try await run.eventually("polls that bring the same") {
                try await run.calls("getUpdates", of: bot).count > 2
            }

            let pending = try await run.sandbox.state(of: bot.telegramID)["pending"]?["total"]
            try await run.fixture.tamper("ALTER TABLE update_log_away RENAME TO update_log")

            #expect(pending == .integer(20))
            #expect(try await run.stored(20, of: bot) == (0..<20).map(String.init))
        }
    }

    @Test("An update that the database refuses is left out, and those after it are stored")
    func refused() async throws {
        try await PollingRun.with(holdsShards: false) { run in
            let bot = try await run.newBot()
            _ = try await run.sandbox.write("before", to: bot.telegramID)
            // A division by zero is an error of class 22, as those about values that PostgreSQL does not take.
            try await run.fixture.tamper(
                """
                ALTER TABLE update_log
                ADD CONSTRAINT no_poison CHECK (coalesce(1 / (length(payload->>'poison') - 2), 1) = 1)
                """)
            _ = try await run.sandbox.inject(.members(["poison": .members([:])]), to: bot.telegramID)
            _ = try await run.sandbox.write("after", to: bot.telegramID)

            run.hold(epoch: 1)

            #expect(try await run.stored(2, of: bot) == ["before", "after"])
            try await run.eventually("nothing pending") {
                try await run.sandbox.state(of: bot.telegramID)["pending"]?["total"] == .integer(0)
            }
        }
    }

    @Test("Polls ask for the kinds that are wanted, also when they change")
    func allowedUpdates() async throws {
        try await PollingRun.with { run in
            let bot = try await run.newBot(with: "allowed_updates = '{callback_query}'")
            try await run.eventually("a poll that waits") { try await run.polls(bot) }
            _ = try await run.sandbox.write("unwanted", to: bot.telegramID)

            try await run.fixture.tamper(
                """
                UPDATE bot SET allowed_updates = '{message}', updated_at = clock_timestamp() WHERE id = \(bot.id)
                """)
            try await run.eventually("a poll for messages") {
                try await run.calls("getUpdates", of: bot).contains { $0.parametersText.contains("message") }
            }
            _ = try await run.sandbox.write("wanted", to: bot.telegramID)

            #expect(try await run.stored(1, of: bot) == ["wanted"])
        }
    }

    @Test("A bot polls only where its shard is held, and the next holder goes on")
    func oneHolder() async throws {
        try await ConnectorRun.with { run in
            try await PollingRun.with(run) { first in
                try await PollingRun.with(run, holdsShards: false) { second in
                    let bot = try await first.newBot()
                    try await first.eventually("a poll that waits") { try await first.polls(bot) }
                    _ = try await first.sandbox.write("one", to: bot.telegramID)
                    _ = try await first.stored(1, of: bot)
                    let before = try await first.calls("getUpdates", of: bot).compactMap(\.status)

                    first.release()
                    try await first.eventually("no poll") { try await !first.polls(bot) }
                    second.hold(epoch: 2)
                    try await first.eventually("another poll") { try await first.polls(bot) }
                    _ = try await first.sandbox.write("two", to: bot.telegramID)

                    #expect(try await first.stored(2, of: bot) == ["one", "two"])
                    #expect(!before.contains(409))
                }
            }
        }
    }

    @Test("A bot whose mode changes, or whose tenant is suspended, polls no more")
    func endOfPolling() async throws {
        try await PollingRun.with { run in
            let (switched, suspended) = (try await run.newBot(), try await run.newBot())
            for bot in [switched, suspended] {
                try await run.eventually("a poll that waits") { try await run.polls(bot) }
            }

            try await run.fixture.tamper(
                "UPDATE bot SET transport = 'none', updated_at = clock_timestamp() WHERE id = \(switched.id)")
            try await run.fixture.tamper(
                """
                UPDATE tenant SET status = 'suspended', updated_at = clock_timestamp()
                WHERE id = \(suspended.tenant)
                """)

            for bot in [switched, suspended] {
                try await run.eventually("no poll") { try await !run.polls(bot) }
            }
        }
    }

    @Test("Stopping ends polls at once, however long they would wait")
    func stop() async throws {
        try await PollingRun.with { run in
            let bot = try await run.newBot()
            try await run.eventually("a poll that waits") { try await run.polls(bot) }

            await run.pollers.stop()

            // Before the poll's own end: it would wait for 40 s at least.
            let call = try #require(try await run.calls("getUpdates", of: bot).last)
            #expect(Timestamp.now - call.at < .seconds(40))
        }
    }
}
