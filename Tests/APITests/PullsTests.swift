import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Pulling by the API", .serialized, .timeLimit(.minutes(10)))
struct PullsTests {
    /// A bot that the program knows, its pull consumer, and who may pull.
    private struct Puller {
        let app: RunningApp
        let tenant: Tenant
        let bot: Bot
        let consumer: ID<Consumer>
        let key: (String, String)

        init(_ app: RunningApp) async throws {
            self.app = app
            tenant = try await app.fixture.tenant()
            bot = try await app.fixture.bot(in: tenant, secret: RunningApp.webhookSecret)
            consumer = try await app.fixture.pullConsumer(of: bot)
            key = try await app.bearer(key: [.manageConsumers], in: tenant)
            let (bot, app) = (bot, app)
            try await app.fixture.eventually("the bot in the directory") {
                app.app.directory.tenant(of: bot.id) != nil
            }
        }

        func send(_ what: String, _ json: String, headers: [(String, String)] = []) async throws
            -> HTTPClientResponse
        {
            try await app.send(
                "POST", "/v1/consumers/\(consumer)/\(what)", json: json, as: key, headers: headers)
        }

        func post(_ body: String, on other: RunningApp? = nil) async throws {
            #expect(try await (other ?? app).post(body, to: "\(bot.id)").status == 200)
        }

        static func message(_ id: Int, chat: Int = 1) -> String {
            #"{"update_id":\#(id), "message":{"message_id":1,"date":1,"chat":{"id":\#(chat),"type":"private"}}}"#
        }
    }

    @Test("A pull gives updates as Telegram sent them, and an acknowledgement takes them")
    func pull() async throws {
        try await RunningApp.with { app in
            let puller = try await Puller(app)
            for id in 1...3 { try await puller.post(Puller.message(id, chat: id)) }

            let raw = try await puller.send("pull", #"{"limit":2}"#)
            let answer = try JSONAnswer(raw, 200)
            guard case .number(let position)? = answer.rows.last?["position"] else {
                return #expect(Bool(false), "no position")
            }
            let acknowledged = try JSONAnswer(
                try await puller.send("ack", #"{"position":\#(position)}"#), 200)
            let rest = try JSONAnswer(try await puller.send("pull", "{}"), 200)

            #expect(answer.rows.map { $0["update_id"] } == [.number("1"), .number("2")])
            #expect(answer.rows.map { $0["kind"] } == [.string("message"), .string("message")])
            #expect(answer["has_more"] == .bool(true))
            let text = String(decoding: raw.body, as: UTF8.self)
            #expect(text.contains(#""payload":"# + Puller.message(1)))
            #expect(acknowledged["acknowledged"] == .number("2"))
            #expect(rest.rows.map { $0["update_id"] } == [.number("3")])
            #expect(rest["has_more"] == .bool(false))
        }
    }

    @Test("A pull that waits is answered when an update comes to another node")
    func anotherNode() async throws {
        try await RunningApp.with { app in
            let puller = try await Puller(app)
            try await app.withAnother { other in
                try await app.fixture.eventually("the other node to know the bot") {
                    other.app.directory.tenant(of: puller.bot.id) != nil
                }
                async let answer = puller.send("pull", #"{"wait_ms":50000}"#)
                try await waits(app)

                try await puller.post(Puller.message(1), on: other)

                #expect(try JSONAnswer(try await answer, 200).rows.count == 1)
            }
        }
    }

    @Test("An acknowledgement with an Idempotency-Key is answered twice and done once")
    func idempotency() async throws {
        try await RunningApp.with { app in
            let puller = try await Puller(app)
            try await puller.post(Puller.message(1))
            _ = try await puller.send("pull", "{}")
            let key = [("Idempotency-Key", "a")]

            let first = try await puller.send("ack", #"{"position":99999}"#, headers: key)
            let second = try await puller.send("ack", #"{"position":99999}"#, headers: key)

            #expect(try JSONAnswer(first, 200)["acknowledged"] == .number("1"))
            #expect(try JSONAnswer(second, 200)["acknowledged"] == .number("1"))
            #expect(second.header("Idempotency-Replayed") == "true")
        }
    }

    @Test("Who waits gets nothing once the tenant is suspended")
    func suspended() async throws {
        try await RunningApp.with { app in
            let puller = try await Puller(app)
            async let answer = puller.send("pull", #"{"wait_ms":50000}"#)
            try await waits(app)
            _ = try await app.fixture.superuser.withConnection { connection in
                try await connection.execute(
                    "UPDATE tenant SET status = 'suspended', updated_at = now() WHERE id = \(puller.tenant.id)"
                )
            }
            try await app.fixture.eventually("the suspension to be known") {
                app.app.access.tenants[puller.tenant.id]?.status == .suspended
            }

            // As another node tells of news.
            let notice = "another \(puller.tenant.id.uuid)/\(puller.bot.id.uuid)"
            _ = try await app.fixture.superuser.withConnection { connection in
                try await connection.execute("SELECT pg_notify(\(PullWaiters.channel), \(notice))")
            }

            _ = try ProblemAnswer(try await answer, 403, "tenant_suspended")
        }
    }

    @Test("Where answers that are not read leave no room, a pull is refused and hands nothing out")
    func noRoom() async throws {
        try await RunningApp.with { app in
            let puller = try await Puller(app)
            let text = String(repeating: "x", count: 100_000)
            try await puller.post(
                #"{"update_id":7,"message":{"message_id":1,"date":1,"chat":{"id":1,"type":"private"},"text":"\#(text)"}}"#
            )

            let refused = try await app.withAnswersHeld {
                try await puller.send("pull", #"{"wait_ms":50000}"#)
            }
            let given = try JSONAnswer(try await puller.send("pull", "{}"), 200)

            _ = try ProblemAnswer(refused, 503, "unavailable")
            #expect(given.rows.map { $0["update_id"] } == [.number("7")])
        }
    }

    @Test("What cannot be pulled or acknowledged is told")
    func problems() async throws {
        try await RunningApp.with { app in
            let puller = try await Puller(app)
            let push = try await app.fixture.consumer(of: puller.bot, url: "https://example.com/x")
            func answer(_ path: String, _ json: String) async throws -> HTTPClientResponse {
                try await app.send("POST", "/v1/consumers/\(path)", json: json, as: puller.key)
            }

            _ = try ProblemAnswer(try await answer("\(push.id)/pull", "{}"), 409, "not_pull")
            _ = try ProblemAnswer(try await answer("\(push.id)/ack", #"{"position":1}"#), 409, "not_pull")
            _ = try ProblemAnswer(try await answer("\(ID<Consumer>())/pull", "{}"), 404, "not_found")
            _ = try ProblemAnswer(
                try await answer("\(ID<Consumer>())/ack", #"{"position":1}"#), 404, "not_found")
            for body in [#"{"limit":0}"#, #"{"limit":201}"#, #"{"wait_ms":60001}"#, #"{"x":1}"#] {
                _ = try ProblemAnswer(try await puller.send("pull", body), 422, "invalid_fields")
            }
            for body in ["{}", #"{"position":1,"positions":[1]}"#, #"{"positions":[]}"#, #"{"position":-1}"#]
            {
                _ = try ProblemAnswer(try await puller.send("ack", body), 422, "invalid_fields")
            }
        }
    }

    private func waits(_ app: RunningApp) async throws {
        try await app.fixture.eventually("the pull to wait") {
            try await app.metrics().contains("rookery_pull_waiting 1\n")
        }
    }
}
