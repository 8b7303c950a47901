import Platform
import Tenancy
import TestSupport
import Testing

@testable import API
@testable import Sandbox

@Suite("Webhooks by the API", .timeLimit(.minutes(10)))
struct BotWebhooksTests {
    @Test("A webhook is set with new settings, and its own secret is accepted beside the one before")
    func put() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            let before = try #require(try await run.secret(of: bot))

            let put = try JSONAnswer(
                try await run.send(
                    "PUT", bot.path + "/webhook",
                    json:
                        #"{"max_connections":3,"allowed_updates":[],"secret_token":"my_own","drop_pending_updates":true}"#
                ), 200)

            #expect(put["state"] == .string("healthy") && put["transport"] == .string("webhook"))
            #expect(try await run.secret(of: bot) == "my_own")
            #expect(
                try await run.telegram.sandbox.state(of: bot.telegramID)["webhook"]?["max_connections"]
                    == .integer(3))
            for (update, secret) in [(1, before), (2, "my_own")] {
                let taken = try await run.app.post(message(update), to: bot.id, secret: secret)
                #expect(taken.status == 200, "\(secret)")
            }
            #expect(try await run.app.post(message(3), to: bot.id, secret: "other").status == 401)
            #expect(try await run.trail() == ["bot.create", "webhook.secret_rotate", "webhook.set"])
        }
    }

    private func message(_ id: Int) -> String {
        #"{"update_id":\#(id),"message":{"message_id":1,"date":1,"chat":{"id":1,"type":"private"},"text":"hi"}}"#
    }

    @Test("What Telegram refuses, or is not there to take, is not stored")
    func refused() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            let json = #"{"max_connections":3,"secret_token":"my_own","url":"https://own.test/hook"}"#

            try await run.fail(
                "setWebhook", of: bot.telegramID, status: 400, "Bad Request: bad webhook: no", times: 1)
            let refused = try await run.send("PUT", bot.path + "/webhook", json: json)
            try await run.app.fixture.eventually("the secret to be taken back", within: .seconds(30)) {
                try await run.app.post(message(1), to: bot.id, secret: "my_own").status == 401
            }
            try await run.fail("setWebhook", of: bot.telegramID, status: 502, times: 1)
            let away = try await run.send("PUT", bot.path + "/webhook", json: json)

            _ = try ProblemAnswer(refused, 422, "telegram_refused")
            _ = try ProblemAnswer(away, 503, "telegram_unavailable")
            #expect(try await run.bot(bot.id)["webhook", "url"] == .string(run.url(of: bot)))
            #expect(try await run.webhook(of: bot) == run.url(of: bot))
        }
    }

    @Test("Somebody else's webhook is shown by its host, and set again only when it may be taken over")
    func conflict() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot(more: #","auto_refresh":false"#)
            try await run.setForeignWebhook(bot.profile)

            let status = try JSONAnswer(try await run.send("GET", bot.path + "/webhook"), 200)
            let put = try await run.send("PUT", bot.path + "/webhook", json: "{}")
            let refresh = try await run.send("POST", bot.path + "/webhook/refresh")
            _ = try await run.send("PATCH", bot.path, json: #"{"take_over":true}"#)
            let taken = try JSONAnswer(try await run.send("PUT", bot.path + "/webhook", json: "{}"), 200)

            #expect(status["state"] == .string("conflict"))
            #expect(
                status["url"] == .string("https://elsewhere.test:443")
                    || status["url"] == .string("https://elsewhere.test"))
            _ = try ProblemAnswer(put, 409, "webhook_conflict")
            _ = try ProblemAnswer(refresh, 409, "webhook_conflict")
            #expect(taken["state"] == .string("healthy"))
            #expect(try await run.webhook(of: bot) == run.url(of: bot))
        }
    }

    @Test("A webhook that was deleted stays away until it is set again")
    func delete() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()

            let deleted = try await run.send("DELETE", bot.path + "/webhook")
            let without = try await run.webhook(of: bot)
            let shown = try await run.bot(bot.id)
            let put = try JSONAnswer(try await run.send("PUT", bot.path + "/webhook", json: "{}"), 200)

            #expect(deleted.status == 204)
            #expect(without == nil)
            #expect(shown["transport"] == .string("none") && shown["webhook", "url"] == .null)
            #expect(shown["webhook", "state"] == .string("not_set"))
            #expect(put["state"] == .string("healthy"))
            #expect(try await run.webhook(of: bot) == run.url(of: bot))
            #expect(try await run.trail() == ["bot.create", "webhook.delete", "webhook.set"])
        }
    }

    @Test("A bot that polls has no webhook to be set, renewed or rotated")
    func polls() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot(mode: "polling")

            for (method, path, json) in [
                ("PUT", "/webhook", "{}"), ("POST", "/webhook/refresh", nil),
                ("POST", "/webhook/rotate-secret", nil),
            ] as [(String, String, String?)] {
                let answer = try await run.send(method, bot.path + path, json: json)
                _ = try ProblemAnswer(answer, 409, "bot_polls")
            }
            #expect(try await run.send("DELETE", bot.path + "/webhook").status == 204)
        }
    }

    @Test(
        "Of two who change one version of a webhook at the same time one is refused"
    )
    func versions() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            let tag = try #require(try await run.send("GET", bot.path).header("ETag"))
            func put(_ connections: Int) -> @Sendable () async throws -> HTTPClientResponse {
                {
                    try await run.app.send(
                        "PUT", bot.path + "/webhook", json: #"{"max_connections":\#(connections)}"#,
                        as: run.owner, headers: [("If-Match", tag)])
                }
            }

            let answers = try await run.holdingBots([put(3), put(4)]) { _ in
                try await run.untilWaiting(2)
            }

            #expect(answers.map(\.status).sorted() == [200, 412])
            #expect(try await run.trail().count { $0 == "webhook.set" } == 1)
        }
    }

    @Test("A version that is gone is neither refreshed nor rotated, and its webhook stays")
    func oldVersion() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            let tag = try #require(try await run.send("GET", bot.path).header("ETag"))
            _ = try await run.send("PATCH", bot.path, json: #"{"name":"Other"}"#)

            for (method, path) in [
                ("POST", "/webhook/refresh"), ("POST", "/webhook/rotate-secret"), ("DELETE", "/webhook"),
                ("DELETE", ""),
            ] {
                let answer = try await run.app.send(
                    method, bot.path + path, headers: [run.owner, ("If-Match", tag)])
                _ = try ProblemAnswer(answer, 412, "precondition_failed")
            }

            #expect(try await run.webhook(of: bot) == run.url(of: bot))
            #expect(try await run.trail() == ["bot.create", "bot.update"])
        }
    }

    @Test("A bot whose token does not open wants a new one before it is given a URL")
    func sealed() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            _ = try await run.app.fixture.superuser.withConnection { connection in
                try await connection.execute("UPDATE bot SET token_sealed = decode(repeat('00', 60), 'hex')")
            }

            let put = try await run.send(
                "PUT", bot.path + "/webhook", json: #"{"url":"https://own.test/hook"}"#)

            _ = try ProblemAnswer(put, 409, "bot_not_active")
        }
    }

    @Test("A token that is part of the webhook's URL is not taken")
    func tokenInURL() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            let secret = String(repeating: "n", count: 35)
            let url = try await run.send(
                "PUT", bot.path + "/webhook", json: #"{"url":"https://own.test/\#(secret)"}"#)
            try await run.telegram.sandbox.removeBot(bot.telegramID)
            _ = try await run.telegram.sandbox.addBot(token: "\(bot.telegramID):\(secret)")

            let put = try await run.send(
                "PUT", bot.path + "/token", json: #"{"token":"\#(bot.telegramID):\#(secret)"}"#)

            #expect(url.status == 200)
            _ = try ProblemAnswer(put, 422, "invalid_fields")
            #expect(
                try await run.bot(bot.id)["token_last_four"]
                    == .string(String(bot.profile.token.suffix(4))))
        }
    }

    @Test("A refresh sets the webhook that somebody has deleted")
    func refresh() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot(more: #","auto_refresh":false"#)
            try await run.call("deleteWebhook", "{}", bot.profile)

            let status = try JSONAnswer(try await run.send("POST", bot.path + "/webhook/refresh"), 200)

            #expect(status["state"] == .string("healthy"))
            #expect(try await run.webhook(of: bot) == run.url(of: bot))
            #expect(try await run.trail().contains("webhook.refresh"))
        }
    }

    @Test("A secret that is rotated is another, and the one before is still accepted")
    func rotate() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            let before = try #require(try await run.secret(of: bot))

            let answer = try await run.send("POST", bot.path + "/webhook/rotate-secret")
            let after = try #require(try await run.secret(of: bot))

            #expect(try JSONAnswer(answer, 200)["state"] == .string("healthy"))
            #expect(after != before && after.utf8.count == 64)
            #expect(!String(decoding: answer.body, as: UTF8.self).contains(after))
            for (update, secret) in [(1, before), (2, after)] {
                #expect(try await run.app.post(message(update), to: bot.id, secret: secret).status == 200)
            }
            #expect(try await run.trail().contains("webhook.secret_rotate"))
        }
    }

    @Test("The status is what was known before when Telegram cannot be asked")
    func away() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            try await run.fail("getWebhookInfo", of: bot.telegramID, status: 502)

            let status = try JSONAnswer(try await run.send("GET", bot.path + "/webhook"), 200)

            #expect(status["url"] == .string(run.url(of: bot)))
            if case .string(let reason)? = status["reason"] {
                #expect(reason.contains("Telegram"))
            } else {
                Issue.record("no reason")
            }
        }
    }

    @Test("Another tenant's bot is as one that does not exist, whatever is asked")
    func foreign() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot(mode: "polling")
            let stranger = try await run.app.bearer(
                run.app.fixture.admin(in: run.app.fixture.tenant("Other")))

            for (method, path, json) in [
                ("GET", "", nil), ("PATCH", "", "{}"), ("DELETE", "", nil), ("GET", "/webhook", nil),
                ("PUT", "/webhook", "{}"), ("DELETE", "/webhook", nil), ("POST", "/webhook/refresh", nil),
                ("POST", "/webhook/rotate-secret", nil),
                ("PUT", "/token", #"{"token":"\#(bot.profile.token)"}"#),
            ] as [(String, String, String?)] {
                let answer =
                    if let json {
                        try await run.app.send(method, bot.path + path, json: json, as: stranger)
                    } else {
                        try await run.app.send(method, bot.path + path, headers: [stranger])
                    }
                _ = try ProblemAnswer(answer, 404, "not_found")
            }
        }
    }
}
