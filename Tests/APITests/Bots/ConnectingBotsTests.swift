import Platform
import Tenancy
import TestSupport
import Testing

@testable import API
@testable import Sandbox

@Suite("Connecting bots by the API", .timeLimit(.minutes(10)))
struct ConnectingBotsTests {
    @Test("A bot that is connected in mode webhook has its webhook set, and its token is never shown")
    func webhook() async throws {
        try await BotsRun.with { run in
            let profile = try await run.telegram.sandbox.addBot(firstName: "Crow")

            let made = try await run.connect(profile.token)

            let answer = try JSONAnswer(made, 201)
            let bot = BotsRun.Connected(id: try answer.text("id"), profile: profile)
            #expect(made.header("Location") == bot.path)
            #expect(answer["name"] == .string("Crow") && answer["mode"] == .string("webhook"))
            #expect(answer["transport"] == .string("webhook") && answer["status"] == .string("active"))
            #expect(answer["token_last_four"] == .string(String(profile.token.suffix(4))))
            #expect(answer["webhook", "state"] == .string("healthy"))
            #expect(answer["webhook", "url"] == .string(run.url(of: bot)))
            #expect(try await run.webhook(of: bot) == run.url(of: bot))
            #expect(try await run.secret(of: bot)?.utf8.count == 64)
            let shown = try await run.send("GET", bot.path)
            #expect(shown.body == made.body && shown.header("ETag") == made.header("ETag"))
            let secret = try #require(profile.token.split(separator: ":").last)
            #expect(!String(decoding: made.body, as: UTF8.self).contains(secret))
            #expect(try await run.trail() == ["bot.create"])
        }
    }

    @Test("Settings of the webhook are those that the request names")
    func settings() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot(
                more: """
                    ,"name":"Till","auto_refresh":false,"take_over":true,"admin_commands":true,
                    "webhook":{"max_connections":7,"allowed_updates":["message","poll"],"secret_token":"own-secret"}
                    """)

            let status = try JSONAnswer(try await run.send("GET", bot.path + "/webhook"), 200)
            let shown = try await run.bot(bot.id)

            #expect(status["max_connections"] == .number("7"))
            #expect(status["allowed_updates"] == .array([.string("message"), .string("poll")]))
            #expect(status["url"] == .string(run.url(of: bot)) && status["url"] == status["expected_url"])
            #expect(status["state"] == .string("healthy") && status["reason"] == .null)
            #expect(try await run.secret(of: bot) == "own-secret")
            #expect(shown["name"] == .string("Till") && shown["auto_refresh"] == .bool(false))
            #expect(shown["take_over"] == .bool(true) && shown["admin_commands"] == .bool(true))
        }
    }

    @Test("Settings of the webhook that are null are as those that are left out")
    func noSettings() async throws {
        try await BotsRun.with { run in
            let profile = try await run.telegram.sandbox.addBot()

            let made = try await run.connect(profile.token, more: #","webhook":null"#)

            #expect(try JSONAnswer(made, 201)["webhook", "state"] == .string("healthy"))
        }
    }

    @Test("A bot that is connected in mode polling has no webhook")
    func polling() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot(mode: "polling")

            let shown = try await run.bot(bot.id)
            #expect(shown["transport"] == .string("polling"))
            #expect(shown["webhook", "url"] == .null)
            #expect(try await run.webhook(of: bot) == nil)
        }
    }

    @Test("A bot is connected once, and nobody is told by whom")
    func once() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            let stranger = try await run.app.bearer(
                run.app.fixture.admin(in: run.app.fixture.tenant("Other")))
            let json = #"{"token":"\#(bot.profile.token)","mode":"webhook","take_over":true}"#

            let again = try await run.app.send("POST", "/v1/bots", json: json, as: run.owner)
            let elsewhere = try await run.app.send("POST", "/v1/bots", json: json, as: stranger)

            let problems = try [again, elsewhere].map { try ProblemAnswer($0, 409, "bot_already_registered") }
            #expect(problems[0].title == problems[1].title && problems[0].detail == problems[1].detail)
        }
    }

    @Test("Who does not have a bot's token learns nothing about the bot")
    func wrongToken() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            let guess = "\(bot.telegramID):\(String(repeating: "g", count: 35))"

            for token in [guess, "12345", "", "1:\(String(repeating: "x", count: 35))"] {
                let answer = try await run.connect(token)
                _ = try ProblemAnswer(answer, 422, "invalid_token")
                #expect(String(decoding: answer.body, as: UTF8.self).contains(#""pointer":"/token""#))
            }
        }
    }

    @Test("Somebody else's webhook is left alone, unless it is to be taken over")
    func conflict() async throws {
        try await BotsRun.with { run in
            let profile = try await run.telegram.sandbox.addBot()
            try await run.setForeignWebhook(profile)

            let refused = try await run.connect(profile.token)
            let left = try await run.telegram.sandbox.state(of: profile.telegramID)["webhook"]?["url"]
            let taken = try await run.connect(profile.token, more: #","take_over":true"#)

            _ = try ProblemAnswer(refused, 409, "webhook_conflict")
            let text = String(decoding: refused.body, as: UTF8.self)
            #expect(text.contains(#""host":"elsewhere.test""#))
            #expect(!text.contains(profile.token.suffix(20)))
            #expect(left?.stringValue?.hasPrefix("https://elsewhere.test/") == true)
            #expect(try JSONAnswer(taken, 201)["webhook", "state"] == .string("healthy"))
            #expect(try await run.trail() == ["bot.create", "webhook.take_over"])
        }
    }

    @Test("A tenant has no more bots than it may have, and may connect another when one is gone")
    func limit() async throws {
        try await BotsRun.with(limits: TenantLimits(overrides: [.bots: 1])) { run in
            let first = try await run.newBot(mode: "polling")
            let second = try await run.telegram.sandbox.addBot()

            let above = try await run.connect(second.token, mode: "polling")
            let deleted = try await run.send("DELETE", first.path)
            let below = try await run.connect(second.token, mode: "polling")

            _ = try ProblemAnswer(above, 403, "limit_reached")
            #expect(deleted.status == 204)
            #expect(below.status == 201)
        }
    }

    @Test("Nothing is connected while Telegram cannot say whose token it is")
    func outage() async throws {
        try await BotsRun.with { run in
            let profile = try await run.telegram.sandbox.addBot()
            try await run.fail("getMe", of: profile.telegramID, status: 502, times: 1)

            let away = try await run.connect(profile.token)
            let back = try await run.connect(profile.token)

            _ = try ProblemAnswer(away, 503, "telegram_unavailable")
            #expect(away.header("Retry-After") != nil)
            #expect(back.status == 201)
        }
    }

    @Test("A bot is connected though Telegram cannot be asked for its webhook, and the answer says so")
    func halfAnOutage() async throws {
        try await BotsRun.with { run in
            let profile = try await run.telegram.sandbox.addBot()
            try await run.fail("setWebhook", of: profile.telegramID, status: 502)

            let made = try JSONAnswer(try await run.connect(profile.token), 201)

            #expect(made["transport"] == .string("none"))
            #expect(made["webhook", "state"] != .string("healthy"))
            #expect(
                made["webhook", "reason"]
                    == .string("Telegram cannot be reached; it will be tried again"))
        }
    }

    @Test("What Telegram refuses is as if it had not been asked for")
    func refused() async throws {
        try await BotsRun.with { run in
            let profile = try await run.telegram.sandbox.addBot()
            try await run.fail(
                "setWebhook", of: profile.telegramID, status: 400, "Bad Request: bad webhook: no", times: 1)

            let refused = try await run.connect(profile.token)
            let again = try await run.connect(profile.token)

            #expect(
                try ProblemAnswer(refused, 422, "telegram_refused").detail?.contains("bad webhook") == true)
            #expect(again.status == 201)
            #expect(try await run.trail() == ["bot.create", "bot.delete", "bot.create"])
        }
    }

    @Test("A request that is repeated with its Idempotency-Key connects once and answers the same")
    func repeated() async throws {
        try await BotsRun.with { run in
            let profile = try await run.telegram.sandbox.addBot()
            let json = #"{"token":"\#(profile.token)","mode":"webhook"}"#

            var answers: [HTTPClientResponse] = []
            for _ in 0..<2 {
                answers.append(
                    try await run.app.send(
                        "POST", "/v1/bots", json: json, as: run.owner, headers: [("Idempotency-Key", "one")]))
            }

            #expect(answers.map(\.status) == [201, 201])
            #expect(answers[0].body == answers[1].body)
            #expect(answers.map { $0.header("Idempotency-Replayed") } == [nil, "true"])
            #expect(try JSONAnswer(answers[1], 201)["webhook", "state"] == .string("healthy"))
        }
    }

    @Test(
        "A URL of one's own is one that Telegram can reach, and holds no token",
        arguments: ["ftp://a.test/", "https://", "nonsense", "https://a.test/TOKEN"])
    func ownURL(_ url: String) async throws {
        try await BotsRun.with { run in
            let profile = try await run.telegram.sandbox.addBot()
            let own = url.replacing("TOKEN", with: profile.token)

            let answer = try await run.connect(profile.token, more: #","webhook":{"url":"\#(own)"}"#)

            _ = try ProblemAnswer(answer, 422, "invalid_fields")
        }
    }
}
