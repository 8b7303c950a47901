import Platform
import Testing

@testable import Sandbox

@Suite("Delivery to a webhook", .timeLimit(.minutes(10)))
struct DeliveryTests {
    /// A success is recent, and so gives a webhook all its connections, for longer than any test takes.
    private static let slow = SandboxConfiguration(speed: 0.001)

    @Test("An update is sent with the secret, and again at once when it failed")
    func sendsAgainAtOnce() async throws {
        let fixture = try await Fixture()
        await fixture.call("setWebhook", ["url": .string(Fixture.url), "secret_token": "s3cret"])

        let id = try await fixture.write("hello")
        let first = try await fixture.arrivals.next()
        first.answer(502)
        let second = try await fixture.arrivals.next()
        let info = await fixture.webhookInfo()
        second.answer()

        #expect(first.request.url == Fixture.url)
        #expect(first.request.secretToken == "s3cret")
        #expect([first.updateID, second.updateID] == [id, id])
        #expect(info["last_error_message"] == "Wrong response from the webhook: 502 Bad Gateway")
        #expect(info["pending_update_count"] == 1)
        #expect((info["last_error_date"]?.integerValue ?? 0) > 1_600_000_000)
    }

    @Test("One update of a lane is in flight, lanes go in parallel, order holds through a retry")
    func lanesInParallel() async throws {
        let fixture = try await Fixture(Self.slow)
        await fixture.call("setWebhook", ["url": .string(Fixture.url)])
        try await fixture.write("warm up", chat: 9)
        try await fixture.arrivals.next().answer()
        for text in ["a1", "a2"] { try await fixture.write(text, chat: 1) }
        try await fixture.write("b1", chat: 2)

        let a1 = try await fixture.arrivals.next()
        let b1 = try await fixture.arrivals.next()
        b1.answer()
        try await fixture.write("c1", chat: 3)
        let c1 = try await fixture.arrivals.next()
        a1.answer(500)
        let again = try await fixture.arrivals.next()
        again.answer()
        let a2 = try await fixture.arrivals.next()
        a2.answer()
        c1.answer()

        #expect([a1, b1, c1, again, a2].map(\.text) == ["a1", "b1", "c1", "a1", "a2"])
    }

    @Test("Until the first success one connection is used")
    func startsWithOneConnection() async throws {
        let fixture = try await Fixture()
        await fixture.call("setWebhook", ["url": .string(Fixture.url)])
        for chat in 1...3 { try await fixture.write("hello", chat: Int64(chat)) }

        let first = try await fixture.arrivals.next()
        let inFlight = try await fixture.sandbox.state(of: fixture.bot.telegramID)["in_flight"]
        first.answer()
        let rest = [try await fixture.arrivals.next(), try await fixture.arrivals.next()]
        for arrival in rest { arrival.answer() }

        #expect(inFlight == 1)
    }

    @Test("max_connections bounds what is in flight")
    func maxConnections() async throws {
        let fixture = try await Fixture(Self.slow)
        await fixture.call("setWebhook", ["url": .string(Fixture.url), "max_connections": 2])
        try await fixture.write("warm up", chat: 9)
        try await fixture.arrivals.next().answer()
        for chat in 1...4 { try await fixture.write("hello", chat: Int64(chat)) }

        let first = [try await fixture.arrivals.next(), try await fixture.arrivals.next()]
        let inFlight = try await fixture.sandbox.state(of: fixture.bot.telegramID)["in_flight"]
        for arrival in first { arrival.answer() }
        for _ in 0..<2 { try await fixture.arrivals.next().answer() }

        #expect(inFlight == 2)
    }

    @Test("An update is dropped when its next try would pass its expiry")
    func expires() async throws {
        let fixture = try await Fixture()
        await fixture.call("setWebhook", ["url": .string(Fixture.url)])

        _ = try await fixture.sandbox.press("yes", to: fixture.bot.telegramID)
        try await fixture.arrivals.next().answer(500)
        try await fixture.arrivals.next().answer(500, retryAfter: 151)
        try await fixture.write("after it")
        let next = try await fixture.arrivals.next()
        let state = try await fixture.sandbox.state(of: fixture.bot.telegramID)
        next.answer()

        #expect(next.text == "after it")
        #expect(state["dropped"] == 1)
    }

    @Test("Nothing but 410 for 23 hours deletes the webhook")
    func goneDeletes() async throws {
        let fixture = try await Fixture(SandboxConfiguration(speed: 1_000_000))
        await fixture.call("setWebhook", ["url": .string(Fixture.url)])
        try await fixture.write("hello")

        let refusing = Task {
            while let arrival = try? await fixture.arrivals.next() { arrival.answer(410, retryAfter: 3600) }
        }
        // A day is short here: what was to be sent may expire while the machine does something else.
        while !Task.isCancelled, case let info = await fixture.webhookInfo(), info["url"] != "" {
            if info["pending_update_count"] == 0 { try await fixture.write("more") }
            await Task.yield()
        }
        refusing.cancel()

        #expect(await fixture.webhookInfo()["url"] == "")
    }

    @Test("A connection that fails is told of")
    func tellsOfBrokenConnections() async throws {
        let fixture = try await Fixture()
        await fixture.call("setWebhook", ["url": .string(Fixture.url)])

        try await fixture.write("hello")
        try await fixture.arrivals.next().fail("Connection refused")
        let again = try await fixture.arrivals.next()
        let info = await fixture.webhookInfo()
        again.answer()

        #expect(info["last_error_message"] == "Connection refused")
    }

    @Test(
        "A call in the answer's body is carried out",
        arguments: [
            ("application/json", #"{"method":"sendMessage","chat_id":5,"text":"hi"}"#),
            ("application/x-www-form-urlencoded", "method=sendmessage&chat_id=5&text=hi"),
        ])
    func carriesOutCalls(_ type: String, _ body: String) async throws {
        let fixture = try await Fixture()
        await fixture.call("setWebhook", ["url": .string(Fixture.url)])

        try await fixture.write("hello")
        try await fixture.arrivals.next().answer(type: type, body: body)
        let calls = try await fixture.sandbox.calls(
            of: fixture.bot.telegramID, method: "sendMessage", after: 0, within: .seconds(60))

        #expect(calls.map(\.parameters) == [["chat_id": 5, "text": "hi"]])
        #expect(calls.first?.way == .webhook)
    }

    @Test(
        "Some calls in an answer's body are ignored",
        arguments: ["setWebhook", "deleteWebhook", "close", "logOut", "getMe"])
    func ignoresCalls(_ method: String) {
        let body = Array(#"{"method":"\#(method)"}"#.utf8)

        #expect(WebhookCall(WebhookAnswer(status: 200, contentType: "application/json", body: body)) == nil)
    }

    @Test("After deleteWebhook what was not delivered waits for getUpdates")
    func staysPending() async throws {
        let fixture = try await Fixture()
        await fixture.call("setWebhook", ["url": .string(Fixture.url)])
        let id = try await fixture.write("hello")
        let arrival = try await fixture.arrivals.next()

        await fixture.call("deleteWebhook")
        arrival.answer(500)
        let updates = await fixture.call("getUpdates").body["result"]?.arrayValue

        #expect(updates?.map { $0["update_id"]?.integerValue } == [id])
    }
}
