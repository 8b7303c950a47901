import Platform
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

@Suite("Calls in answers, carried out", .serialized, .timeLimit(.minutes(10)))
struct DeliveryRepliesTests {
    private struct StoredReply: RowDecodable, Equatable {
        let method: String?
        let isOK: Bool?
        let result: String?

        init(row: inout Row) throws {
            method = try row.next()
            isOK = try row.next()
            result = try row.next()
        }
    }

    /// What is kept with the attempts, in the order of the log; waits for as many.
    private func replies(_ count: Int, _ fixture: Fixture) async throws -> [StoredReply] {
        try await fixture.eventually("\(count) attempts") {
            try await fixture.count("SELECT count(*) FROM delivery_attempt") == count
        }
        return try await fixture.superuser.withConnection { connection in
            try await connection.all(
                """
                SELECT reply_method, reply_ok, reply_result FROM delivery_attempt ORDER BY position
                """, as: StoredReply.self)
        }
    }

    /// A bot whose consumer answers every update with what `reply` makes of its number.
    private func with(
        limits: SendLimits = SendLimits(), _ reply: @escaping @Sendable (Int64) -> String,
        body: @escaping @Sendable (ConnectorRun, Bot, DeliveryRun) async throws -> Void
    ) async throws {
        try await ConnectorRun.with { telegram in
            let fixture = telegram.fixture
            let receiver = try await TestReceiver(on: fixture.loop) { reception -> HTTPResponse in
                .json(200, Array(reply(reception.updateID).utf8))
            }
            let bot = try await telegram.newBot(.webhook)
            _ = try await fixture.consumer(of: bot, url: receiver.url)
            let client = BotAPIClient(client: telegram.client, baseURL: telegram.telegram.url)
            let scheduler = SendScheduler(loop: fixture.loop, telegram: client, limits: limits)
            let run = try await DeliveryRun(
                fixture, calls: BotCalls(scheduler: scheduler, telegram: client, secrets: fixture.bots))
            try await body(telegram, bot, run)
            await run.stop()
            await scheduler.stop()
            await receiver.stop()
        }
    }

    @Test("Replies to one chat are sent in order while its updates go on, and Telegram's words are kept")
    func order() async throws {
        var limits = SendLimits()
        limits.chatInterval = .milliseconds(20)
        try await with(limits: limits) {
            #"{"method":"sendMessage","chat_id":7,"text":"reply \#($0)"}"#
        } body: {
            run, bot, delivery in
            try await delivery.append((1...10).map { try run.fixture.message(Int64($0), chat: 7, to: bot) })

            let kept = try await replies(10, run.fixture)
            let calls = try await run.telegram.sandbox.calls(of: bot.telegramID, method: "sendMessage")

            #expect(calls.map { $0.parameters["text"]?.stringValue } == (1...10).map { "reply \($0)" })
            #expect(kept.allSatisfy { $0.method == "sendMessage" && $0.isOK == true })
            #expect(kept[4].result?.contains("reply 5") == true)
            #expect(kept[4].result?.hasPrefix(#"{"ok":true"#) == true)
        }
    }

    @Test("A call that Telegram refuses, or ignores in answers, is kept as such, and the update is delivered")
    func refused() async throws {
        try await with { number in
            switch number {
            case 1: #"{"method":"sendMessage","chat_id":7,"text":" "}"#
            case 2: #"{"method":"SetWebhook","url":"https://elsewhere.test"}"#
            case 3: #"{"method":"noSuchMethod"}"#
            case 4: #"{"method":"sendChatAction","chat_id":"8","action":"typing"}"#
            // What no text of the database can hold.
            case 6: #"{"method":"send\u0000Message"}"#
            default: #"{"ok":true}"#
            }
        } body: { run, bot, delivery in
            try await delivery.append(
                (1...6).map { try run.fixture.message(Int64($0), chat: Int64($0), to: bot) })

            let kept = try await replies(6, run.fixture)
            let calls = try await run.telegram.sandbox.calls(of: bot.telegramID)

            #expect(kept.map(\.isOK) == [false, false, false, true, nil, false])
            #expect(kept[0].result?.hasPrefix("400 Bad Request") == true)
            #expect(kept[1].result?.contains("ignored") == true)
            #expect(kept[2].result?.hasPrefix("404") == true)
            #expect(kept[4].method == nil && kept[4].result == nil)
            #expect(!calls.contains { $0.method.lowercased() == "setwebhook" })
            #expect(try await run.fixture.count("SELECT count(*) FROM delivery") == 0)
        }
    }

    @Test("A bot that is not active makes no calls, and its token appears nowhere")
    func inactive() async throws {
        try await with { _ in
            #"{"method":"sendMessage","chat_id":7,"text":"hi"}"#
        } body: { run, bot, delivery in
            let token = try await run.telegram.sandbox.profile(of: bot.telegramID).token
            try await run.fixture.tamper("UPDATE bot SET status = 'blocked'")
            try await delivery.append([run.fixture.message(1, to: bot)])
            _ = try await replies(1, run.fixture)
            try await run.fixture.tamper("UPDATE bot SET status = 'active'")

            try await delivery.append([run.fixture.message(2, to: bot)])
            let kept = try await replies(2, run.fixture)
            let calls = try await run.telegram.sandbox.calls(of: bot.telegramID, method: "sendMessage")

            #expect(kept.map(\.isOK) == [false, true])
            #expect(kept[0].result == "not carried out: the bot is not active")
            #expect(calls.count == 1)
            let secret = try #require(token.split(separator: ":").last)
            #expect(!kept.contains { $0.result?.contains(secret) == true })
        }
    }

    @Test("A tenant that holds little finds room, however many others fill it")
    func fairness() async throws {
        var limits = SendLimits()
        limits.chatInterval = .seconds(600)
        try await with { _ in
            ""
        } body: { [limits] run, bot, _ in
            let fixture = run.fixture
            let client = BotAPIClient(client: run.client, baseURL: run.telegram.url)
            let scheduler = SendScheduler(loop: fixture.loop, telegram: client, limits: limits)
            let replies = DeliveryReplies(
                loop: fixture.loop, database: fixture.database,
                calls: BotCalls(scheduler: scheduler, telegram: client, secrets: fixture.bots))
            let reply = try #require(
                DeliveryReply(
                    Array(#"{"method":"sendMessage","chat_id":7,"text":"hi"}"#.utf8),
                    contentType: "application/json"))
            var greedy: [Bot] = []
            for _ in 0..<4 { greedy.append(try await run.newBot(.webhook)) }
            let outcomes = Happenings<ReplyOutcome>()
            for other in greedy {
                for _ in 0..<500 { await replies.carryOut(reply, of: other.key) { outcomes.add($0) } }
            }
            let last = Happenings<ReplyOutcome>()

            for _ in 0..<50 { await replies.carryOut(reply, of: bot.key) { last.add($0) } }
            let refused = last.all.filter { $0.result.contains("too many") }
            await scheduler.stop()
            await replies.drain()

            #expect(refused.isEmpty)
        }
    }

    @Test("What waits is bounded for a tenant: past that a call is not carried out, and says so")
    func bounds() async throws {
        var limits = SendLimits()
        limits.chatInterval = .seconds(600)
        try await with { _ in
            ""
        } body: { [limits] run, bot, _ in
            let fixture = run.fixture
            let client = BotAPIClient(client: run.client, baseURL: run.telegram.url)
            let scheduler = SendScheduler(loop: fixture.loop, telegram: client, limits: limits)
            let replies = DeliveryReplies(
                loop: fixture.loop, database: fixture.database,
                calls: BotCalls(scheduler: scheduler, telegram: client, secrets: fixture.bots))
            let reply = try #require(
                DeliveryReply(
                    Array(#"{"method":"sendMessage","chat_id":7,"text":"hi"}"#.utf8),
                    contentType: "application/json"))
            let outcomes = Happenings<ReplyOutcome>()

            for _ in 0..<501 { await replies.carryOut(reply, of: bot.key) { outcomes.add($0) } }
            let refused = try await outcomes.wait("a refusal", on: fixture.loop) { all in
                all.contains { $0.isOK == false }
            }
            await scheduler.stop()
            await replies.drain()
            let all = try await outcomes.wait("all", on: fixture.loop) { $0.count == 501 }

            #expect(
                refused.last { $0.isOK == false }?.result == "not carried out: too many calls are waiting")
            #expect(all.filter { $0.isOK == true }.count <= 1)
        }
    }
}
