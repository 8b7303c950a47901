import Platform
import Tenancy
import TestSupport
import Testing

@testable import API
@testable import Sandbox

@Suite("Changing and removing bots by the API", .timeLimit(.minutes(10)))
struct ChangingBotsTests {
    @Test("A bot's name and switches are changed by a patch of the version that the client means")
    func patch() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot(mode: "polling")
            let tag = try #require(try await run.send("GET", bot.path).header("ETag"))
            let json = #"{"name":"Rook","take_over":true,"auto_refresh":false}"#

            let changed = try await run.app.send(
                "PATCH", bot.path, json: json, as: run.owner, headers: [("If-Match", tag)])
            let stale = try await run.app.send(
                "PATCH", bot.path, json: json, as: run.owner, headers: [("If-Match", tag)])
            let unknown = try await run.send("PATCH", bot.path, json: #"{"status":"active"}"#)

            let answer = try JSONAnswer(changed, 200)
            #expect(answer["name"] == .string("Rook") && answer["take_over"] == .bool(true))
            #expect(answer["auto_refresh"] == .bool(false))
            _ = try ProblemAnswer(stale, 412, "precondition_failed")
            _ = try ProblemAnswer(unknown, 422, "invalid_fields")
            #expect(try await run.trail() == ["bot.create", "bot.update"])
        }
    }

    @Test("Another mode is brought about at Telegram before it is answered, there and back")
    func modes() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()

            let polling = try JSONAnswer(
                try await run.send("PATCH", bot.path, json: #"{"mode":"polling"}"#), 200)
            let without = try await run.webhook(of: bot)
            let hybrid = try JSONAnswer(
                try await run.send("PATCH", bot.path, json: #"{"mode":"hybrid"}"#), 200)

            #expect(polling["transport"] == .string("polling"))
            #expect(polling["webhook", "url"] == .null)
            #expect(without == nil)
            #expect(hybrid["transport"] == .string("webhook"))
            #expect(try await run.webhook(of: bot) == run.url(of: bot))
        }
    }

    @Test("A mode that Telegram refuses, or that somebody else's webhook stands in the way of, is not taken")
    func refusedMode() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot(mode: "polling")

            try await run.fail(
                "setWebhook", of: bot.telegramID, status: 400, "Bad Request: bad webhook: no", times: 1)
            let refused = try await run.send("PATCH", bot.path, json: #"{"mode":"webhook"}"#)
            try await run.setForeignWebhook(bot.profile)
            let foreign = try await run.send("PATCH", bot.path, json: #"{"mode":"webhook"}"#)

            _ = try ProblemAnswer(refused, 422, "telegram_refused")
            _ = try ProblemAnswer(foreign, 409, "webhook_conflict")
            #expect(try await run.bot(bot.id)["mode"] == .string("polling"))
            #expect(try await run.webhook(of: bot)?.hasPrefix("https://elsewhere.test/") == true)
        }
    }

    @Test(
        "A bot that is removed has no webhook, no secrets and no consumers at work, and can be connected again"
    )
    func delete() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            let id = try #require(ID<Bot>(bot.id))
            let stored = try await run.app.fixture.database.read(run.tenant.id) { tx in
                try await Bot.find(id, in: tx)
            }
            _ = try await run.app.fixture.consumer(of: #require(stored), url: "https://a.test/")

            let deleted = try await run.send("DELETE", bot.path)
            let gone = try await run.send("GET", bot.path)
            let again = try await run.send("DELETE", bot.path)

            #expect(deleted.status == 204)
            _ = try ProblemAnswer(gone, 404, "not_found")
            _ = try ProblemAnswer(again, 404, "not_found")
            #expect(try await run.webhook(of: bot) == nil)
            let left = try await run.app.fixture.superuser.withConnection { connection in
                try await connection.value(
                    """
                    SELECT (SELECT count(*) FROM bot WHERE token_sealed IS NOT NULL OR webhook_secrets <> '{}')
                        + (SELECT count(*) FROM consumer WHERE status <> 'disabled')
                        + (SELECT count(*) FROM bot_webhook)
                    """, as: Int64.self)
            }
            #expect(left == 0)
            try await run.app.fixture.eventually("the node to know the bot no more") {
                try await run.app.post(#"{"update_id":1}"#, to: bot.id).status == 404
            }
            #expect(try await run.connect(bot.profile.token).status == 201)
        }
    }

    @Test("Removing a bot leaves somebody else's webhook alone, and waits for Telegram when it is away")
    func deleteElsewhere() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            try await run.setForeignWebhook(bot.profile)

            try await run.fail("getWebhookInfo", of: bot.telegramID, status: 502, times: 1)
            let away = try await run.send("DELETE", bot.path)
            let kept = try await run.send("GET", bot.path)
            let deleted = try await run.send("DELETE", bot.path)

            _ = try ProblemAnswer(away, 503, "telegram_unavailable")
            #expect(kept.status == 200)
            #expect(deleted.status == 204)
            #expect(try await run.webhook(of: bot)?.hasPrefix("https://elsewhere.test/") == true)
        }
    }

    @Test("A bot that Telegram does not know any more is marked, shown so, and can be removed")
    func revoked() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            try await run.telegram.sandbox.removeBot(bot.telegramID)

            let status = try JSONAnswer(try await run.send("GET", bot.path + "/webhook"), 200)
            let shown = try await run.bot(bot.id)
            let put = try await run.send("PUT", bot.path + "/webhook", json: "{}")
            let deleted = try await run.send("DELETE", bot.path)

            #expect(status["state"] == .string("not_set") && status["transport"] == .string("none"))
            #expect(shown["status"] == .string("token_revoked"))
            _ = try ProblemAnswer(put, 409, "bot_not_active")
            #expect(deleted.status == 204)
        }
    }

    @Test("A new token of the same bot is taken, and its updates come in again")
    func token() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            try await run.telegram.sandbox.removeBot(bot.telegramID)
            _ = try await run.send("GET", bot.path + "/webhook")
            let token = "\(bot.telegramID):\(String(repeating: "n", count: 35))"
            _ = try await run.telegram.sandbox.addBot(token: token)
            let other = try await run.telegram.sandbox.addBot()

            let wrong = try await run.send("PUT", bot.path + "/token", json: #"{"token":"\#(other.token)"}"#)
            let old = try await run.send(
                "PUT", bot.path + "/token", json: #"{"token":"\#(bot.profile.token)"}"#)
            let put = try JSONAnswer(
                try await run.send("PUT", bot.path + "/token", json: #"{"token":"\#(token)"}"#), 200)

            _ = try ProblemAnswer(wrong, 422, "other_bot")
            _ = try ProblemAnswer(old, 422, "invalid_token")
            #expect(put["status"] == .string("active") && put["token_last_four"] == .string("nnnn"))
            #expect(put["transport"] == .string("webhook"))
            #expect(try await run.webhook(of: bot) == run.url(of: bot))
            #expect(try await run.trail() == ["bot.create", "bot.status", "bot.token_replace"])
        }
    }
}
