import Synchronization
import Testing

@testable import Platform

@Suite("Send scheduler", .timeLimit(.minutes(10)))
struct SendSchedulerTests {
    private static let tokenText = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_"
    private let token: BotToken

    init() throws { token = try #require(BotToken(Self.tokenText)) }

    private func with<T: Sendable>(
        _ server: StubServer, _ body: @escaping @Sendable (SendScheduler) async throws -> T
    ) async throws -> T {
        try await withClient { client, loop in
            let scheduler = SendScheduler(
                loop: loop, telegram: BotAPIClient(client: client, baseURL: server.url))
            let result = try await body(scheduler)
            await scheduler.stop()
            return result
        }
    }

    /// Answers in turn, the last answer again and again, and keeps what was asked.
    private final class Script: Sendable {
        private let state: Mutex<(answers: [String], bodies: [String])>

        init(_ answers: [String]) { state = Mutex((answers, [])) }

        var bodies: [String] { state.withLock(\.bodies) }

        func answer(_ request: StubRequest) -> String {
            state.withLock { state in
                state.bodies.append(request.body)
                return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
            }
        }
    }

    private static let ok = httpAnswer(body: #"{"ok":true,"result":{}}"#)
    private static func refusal(_ code: Int, _ parameters: String) -> String {
        httpAnswer(
            "\(code) X",
            body: #"{"ok":false,"error_code":\#(code),"description":"x","parameters":\#(parameters)}"#)
    }

    @Test("The chat is put in with the other parameters")
    func parameters() async throws {
        let script = Script([Self.ok])
        let server = try StubServer.answering(script.answer)
        defer { server.stop() }

        try await with(server) { scheduler in
            _ = try await scheduler.send("sendMessage", to: 5, Array(#"{"text":"a"}"#.utf8), token: token)
            _ = try await scheduler.send("sendMessage", to: -6, Array("{ }".utf8), token: token)
        }

        #expect(script.bodies == [#"{"chat_id":5,"text":"a"}"#, #"{"chat_id":-6 }"#])
    }

    @Test("A 429 holds the bot back for as long as Telegram says, and the message goes again")
    func retryAfter() async throws {
        let script = Script([Self.refusal(429, #"{"retry_after":1}"#), Self.ok])
        let server = try StubServer.answering(script.answer)
        defer { server.stop() }
        let started = ContinuousClock.now

        try await with(server) { scheduler in
            _ = try await scheduler.send("sendMessage", to: 5, Array("{}".utf8), token: token)
        }

        #expect(script.bodies.count == 2)
        #expect(ContinuousClock.now - started >= .seconds(1))
    }

    @Test("A wait longer than the message's time ends it with Telegram's answer")
    func tooLong() async throws {
        let script = Script([Self.refusal(429, #"{"retry_after":3600}"#)])
        let server = try StubServer.answering(script.answer)
        defer { server.stop() }

        try await with(server) { scheduler in
            let error = await #expect(throws: BotAPIError.self) {
                try await scheduler.send("sendMessage", to: 5, Array("{}".utf8), token: token)
            }
            #expect(error?.retryAfter == .seconds(3600))
            // The bot is held: this one's time is over before it may go.
            await #expect(throws: SendScheduler.Fault.late) {
                try await scheduler.send(
                    "sendMessage", to: 6, Array("{}".utf8), token: token, within: .milliseconds(100))
            }
        }

        #expect(script.bodies.count == 1)
    }

    @Test("A group that has become a supergroup gets the message, and the next ones at once")
    func migration() async throws {
        let script = Script([Self.refusal(400, #"{"migrate_to_chat_id":-1009}"#), Self.ok])
        let server = try StubServer.answering(script.answer)
        defer { server.stop() }

        try await with(server) { scheduler in
            for _ in 0..<2 {
                _ = try await scheduler.send("sendMessage", to: -9, Array("{}".utf8), token: token)
            }
        }

        #expect(script.bodies == [-9, -1009, -1009].map { "{\"chat_id\":\($0)}" })
    }

    @Test("Telegram's refusal is the caller's, and the chat goes on")
    func refusals() async throws {
        let script = Script([Self.refusal(403, "{}"), Self.ok])
        let server = try StubServer.answering(script.answer)
        defer { server.stop() }

        try await with(server) { scheduler in
            let error = await #expect(throws: BotAPIError.self) {
                try await scheduler.send("sendMessage", to: 5, Array("{}".utf8), token: token)
            }
            #expect(error?.code == 403)
            _ = try await scheduler.send("sendMessage", to: 5, Array("{}".utf8), token: token)
        }

        #expect(script.bodies.count == 2)
    }

    @Test("What waits at the end is told so")
    func stop() async throws {
        let server = try StubServer.answering { _ in Self.ok }
        defer { server.stop() }

        try await with(server) { scheduler in
            _ = try await scheduler.send("sendMessage", to: 5, Array("{}".utf8), token: token)
            let second = Task { [token] in
                try await scheduler.send("sendMessage", to: 5, Array("{}".utf8), token: token)
            }
            await Task.yield()
            await scheduler.stop()

            // It waited out its second, or came after the stop.
            await #expect(throws: SendScheduler.Fault.stopped) { try await second.value }
        }
    }

    @Test("After a 429 no call of the bot's leaves the node until the time is over, on whatever client")
    func holds() async throws {
        let script = Script([Self.refusal(429, #"{"retry_after":60}"#), Self.ok])
        let server = try StubServer.answering(script.answer)
        defer { server.stop() }
        let other = try #require(BotToken("5:" + String(repeating: "b", count: 35)))

        try await withClient { [token] client, _ in
            let holds = BotHolds()
            let first = BotAPIClient(client: client, baseURL: server.url, holds: holds)
            let second = BotAPIClient(client: client, baseURL: server.url, holds: holds)
            let told = await #expect(throws: BotAPIError.self) {
                try await first.call("sendMessage", token: token)
            }
            let held = await #expect(throws: BotAPIError.self) {
                try await second.call("getMe", token: token)
            }
            _ = try await second.call("getMe", token: other)

            #expect(told?.retryAfter == .seconds(60))
            #expect(held?.code == 429)
            #expect((.seconds(1)...(.seconds(60))).contains(try #require(held?.retryAfter)))
            #expect(holds.wait(of: token, at: .now + .seconds(61)) == nil)
        }

        #expect(script.bodies.count == 2)
    }

    @Test("A 429 for a token with a bot's number and a secret that is not the bot's leaves the bot free")
    func heldByAStranger() async throws {
        let script = Script([Self.refusal(429, #"{"retry_after":60}"#), Self.ok])
        let server = try StubServer.answering(script.answer)
        defer { server.stop() }
        let forged = try #require(BotToken("\(token.telegramID):" + String(repeating: "f", count: 35)))

        try await withClient { [token] client, _ in
            let telegram = BotAPIClient(client: client, baseURL: server.url)
            _ = await #expect(throws: BotAPIError.self) { try await telegram.call("getMe", token: forged) }
            _ = try await telegram.call("getMe", token: token)
        }

        #expect(script.bodies.count == 2)
    }
}
