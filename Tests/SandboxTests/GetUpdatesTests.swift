import Platform
import Testing

@testable import Sandbox

@Suite("getUpdates", .timeLimit(.minutes(10)))
struct GetUpdatesTests {
    private func texts(_ answer: BotAPIAnswer) -> [String?]? {
        answer.body["result"]?.arrayValue?.map { $0["message"]?["text"]?.stringValue }
    }

    @Test("Updates come again until an offset confirms them")
    func offsetConfirms() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.write("one")
        try await fixture.write("two")

        let all = await fixture.call("getUpdates")
        let again = await fixture.call("getUpdates", ["limit": 1])
        let rest = await fixture.call("getUpdates", ["offset": .integer(first + 1)])
        let kept = await fixture.call("getUpdates", ["offset": 0])

        #expect([all, again, rest, kept].map(texts) == [["one", "two"], ["one"], ["two"], ["two"]])
    }

    @Test("A negative offset keeps the last")
    func negativeOffset() async throws {
        let fixture = try await Fixture()
        for text in ["one", "two", "three"] { try await fixture.write(text) }

        let last = await fixture.call("getUpdates", ["offset": -2])
        let kept = await fixture.call("getUpdates")

        #expect([last, kept].map(texts) == [["two", "three"], ["two", "three"]])
    }

    @Test("A waiting getUpdates wakes when an update comes")
    func wakes() async throws {
        let fixture = try await Fixture()

        let poll = await fixture.poll()
        try await fixture.write("hello")

        #expect(texts(await poll.value) == ["hello"])
    }

    @Test("A waiting getUpdates answers nothing when its time is over")
    func timesOut() async throws {
        let fixture = try await Fixture(SandboxConfiguration(speed: 1000))

        #expect(texts(await fixture.call("getUpdates", ["timeout": 50])) == [])
    }

    @Test("A newer getUpdates and setWebhook end one that waits")
    func conflicts() async throws {
        let fixture = try await Fixture()

        let first = await fixture.poll()
        let second = await fixture.poll(after: first)
        await fixture.call("setWebhook", ["url": "https://example.com/"])
        let whileSet = await fixture.call("getUpdates")

        #expect(await first.value == .failure(.otherGetUpdates))
        #expect(await second.value == .failure(.terminatedBySetWebhook))
        #expect(
            whileSet.body["description"]
                == .string(
                    "Conflict: can't use getUpdates method while webhook is active; "
                        + "use deleteWebhook to delete the webhook first"))
    }

    @Test("allowed_updates leaves kinds out, but none that is unknown")
    func allowedUpdates() async throws {
        let fixture = try await Fixture()
        await fixture.call("getUpdates", ["allowed_updates": ["callback_query"]])

        let message = try await fixture.sandbox.write("hello", to: fixture.bot.telegramID)
        let press = try await fixture.sandbox.press("yes", to: fixture.bot.telegramID)
        let unknown = try await fixture.sandbox.inject(["brand_new": [:]], to: fixture.bot.telegramID)

        #expect([message, press, unknown].map(\.isAllowed) == [false, true, true])
    }
}

extension Fixture {
    /// Starts a long getUpdates and returns once it waits; `earlier` is one that it ends.
    fileprivate func poll(after earlier: Task<BotAPIAnswer, Never>? = nil) async -> Task<BotAPIAnswer, Never>
    {
        let task = Task { await call("getUpdates", ["timeout": 50]) }
        _ = await earlier?.value
        while await !isPolling { await Task.yield() }
        return task
    }

    private var isPolling: Bool {
        get async { (try? await sandbox.state(of: bot.telegramID))?["is_polling"] == true }
    }
}
