import FoundationEssentials
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Telegram webhook route", .serialized, .timeLimit(.minutes(10)))
struct TelegramWebhookTests {
    private static let update = #"{"update_id":1,"message":{"chat":{"id":5},"text":"hello"}}"#

    @Test("An update is answered {} when it is in the log, and so is its repetition")
    func accepted() async throws {
        try await RunningApp.with { app in
            let bot = try await app.bot()

            let first = try await app.post(Self.update, to: "\(bot.id)")
            let second = try await app.post(Self.update, to: "\(bot.id)")

            for answer in [first, second] {
                #expect(answer.status == 200)
                #expect(String(decoding: answer.body, as: UTF8.self) == "{}")
                #expect(answer.header("Content-Type") == "application/json")
                #expect(answer.header("Request-Id")?.hasPrefix("req_") == true)
            }
            let stored = try await app.fixture.superuser.withConnection { connection in
                try await connection.values("SELECT payload::text FROM update_log", as: String.self)
            }
            #expect(stored == [Self.update])
        }
    }

    @Test("What is no update is answered 400, with the reason")
    func malformed() async throws {
        try await RunningApp.with { app in
            let bot = "\(try await app.bot().id)"

            for body in ["", "{", "update_id=1", "{\"update_id\":1,\"message\":\"\u{0}\"}"] {
                _ = try ProblemAnswer(await app.post(body, to: bot), 400, "invalid_json")
            }
            for body in ["[]", "5", "{}", #"{"update_id":"1"}"#, #"{"update_id":9223372036854775808}"#] {
                _ = try ProblemAnswer(await app.post(body, to: bot), 400, "invalid_update")
            }
            // JSON to the parser, which takes UTF-16 too, but not to PostgreSQL.
            let wide = Array("\u{FEFF}{\"update_id\":1}".utf16).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
            _ = try ProblemAnswer(await app.post(wide, to: bot), 400, "invalid_json")
        }
    }

    @Test("A wrong or missing secret is answered 401, before the body is looked at")
    func wrongSecret() async throws {
        try await RunningApp.with { app in
            let bot = "\(try await app.bot().id)"

            _ = try ProblemAnswer(await app.post(Self.update, to: bot, secret: nil), 401, "wrong_secret")
            _ = try ProblemAnswer(await app.post("{", to: bot, secret: "rook"), 401, "wrong_secret")
            let large = String(repeating: " ", count: 100_000)
            _ = try ProblemAnswer(await app.post(large, to: bot, secret: "rook"), 401, "wrong_secret")
            // The large one was not even read.
            #expect(
                try await app.metrics().contains("rookery_http_refused_total{reason=\"not_admitted\"} 1"))
        }
    }

    @Test("An unknown bot, a malformed id and an id of something else are the same 404")
    func unknownBot() async throws {
        try await RunningApp.with { app in
            let known = try await app.bot()
            let ids = ["\(ID<Bot>())", "\(known.tenant)", "bot_x", "bot_", "%20", known.id.uuid.uuidString]

            for id in ids {
                _ = try ProblemAnswer(await app.post(Self.update, to: id), 404, "not_found")
            }
        }
    }

    @Test("A suspended tenant's bots are answered 403")
    func suspended() async throws {
        try await RunningApp.with { app in
            let bot = try await app.bot()
            try await app.fixture.superuser.withConnection { connection in
                _ = try await connection.execute("UPDATE tenant SET status = 'suspended'")
            }

            try await app.fixture.eventually("the suspension") {
                try await app.post(Self.update, to: "\(bot.id)").status != 200
            }

            _ = try ProblemAnswer(await app.post(Self.update, to: "\(bot.id)"), 403, "tenant_suspended")
        }
    }

    @Test("Where addresses are checked only Telegram's may send, seen through a trusted proxy")
    func addresses() async throws {
        let settings = ["ROOKERY_TELEGRAM_IP_CHECK": "on", "ROOKERY_TRUSTED_PROXIES": "127.0.0.1/32"]
        try await RunningApp.with(settings: settings) { app in
            let bot = try await app.bot()
            func post(from address: String) async throws -> HTTPClientResponse {
                try await app.send(
                    "POST", "/telegram/webhook/\(bot.id)",
                    headers: [
                        ("X-Forwarded-For", address),
                        ("X-Telegram-Bot-Api-Secret-Token", RunningApp.webhookSecret),
                    ], body: Array(Self.update.utf8))
            }

            let stranger = try await post(from: "198.51.100.7")
            let telegram = try await post(from: "149.154.167.220")
            let direct = try await app.post(Self.update, to: "\(bot.id)")

            _ = try ProblemAnswer(stranger, 403, "address_refused")
            #expect(telegram.status == 200)
            _ = try ProblemAnswer(direct, 403, "address_refused")
        }
    }

    @Test("A body above 1 MiB is refused")
    func tooLarge() async throws {
        try await RunningApp.with { app in
            let bot = try await app.bot()

            let answer = try await app.post(
                #"{"update_id":1,"message":""# + String(repeating: "x", count: 1 << 20) + #""}"#,
                to: "\(bot.id)")

            #expect(answer.status == 413)
        }
    }

    @Test("Above the bot's limit the answer is 429 and says when to come again")
    func limited() async throws {
        try await RunningApp.with { app in
            let bot = try await app.bot(limits: TenantLimits(overrides: [.ingestPerMinutePerBot: 2]))

            let statuses = try await [
                app.post(#"{"update_id":1}"#, to: "\(bot.id)").status,
                app.post(#"{"update_id":2}"#, to: "\(bot.id)").status,
            ]
            let third = try await app.post(#"{"update_id":3}"#, to: "\(bot.id)")

            #expect(statuses == [200, 200])
            _ = try ProblemAnswer(third, 429, "rate_limited")
            let wait = try #require(third.header("Retry-After").flatMap { Int($0) })
            #expect((1...30).contains(wait))
        }
    }

    @Test("An update goes all the way: in over HTTP, stored, and out to the consumer, signed")
    func wholeWay() async throws {
        try await RunningApp.with { app in
            let bot = try await app.bot()
            let receiver = try await TestReceiver(on: app.fixture.loop)
            let secret = WebhookSigner.makeSecret()
            _ = try await app.fixture.consumer(of: bot, url: receiver.url, signingSecret: secret)

            #expect(try await app.post(Self.update, to: "\(bot.id)").status == 200)
            let reception = try #require(
                await receiver.receptions.wait("the update", on: app.fixture.loop) { !$0.isEmpty }.first)

            #expect(reception.body == Array(Self.update.utf8))
            #expect(
                try WebhookSigner(secrets: [secret]).verifies(
                    reception.headers["webhook-signature"] ?? "", id: reception.headers["webhook-id"] ?? "",
                    timestamp: Int64(reception.headers["webhook-timestamp"] ?? "") ?? 0, body: reception.body)
            )
            await receiver.stop()
        }
    }
}
