import Platform
import Tenancy
import TestSupport
import Testing

@testable import API
@testable import Sandbox

/// An Idempotency-Key where Telegram is asked.
@Suite("Requests about bots that are repeated", .timeLimit(.minutes(10)))
struct RepeatedRequestsTests {
    @Test(
        "While a request is at Telegram the same one is told so, and afterwards gets its answer",
        arguments: ["refresh", "rotate-secret"])
    func atWork(_ action: String) async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            let request: @Sendable () async throws -> HTTPClientResponse = {
                try await run.post("\(bot.path)/webhook/\(action)", key: "one")
            }

            var refused: HTTPClientResponse?
            let answers = try await run.holdingBots([request, request]) { next in
                refused = try await next()
            }
            let again = try await request()

            let told = try #require(refused)
            _ = try ProblemAnswer(told, 409, "idempotency_in_progress")
            #expect(told.header("Retry-After") == "1")
            #expect(answers.map(\.status) == [200])
            #expect(answers.map { $0.header("Idempotency-Replayed") } == [nil])
            #expect(again.status == 200 && again.header("Idempotency-Replayed") == "true")
            #expect(again.body == answers.first?.body)
            let action = action == "refresh" ? "webhook.refresh" : "webhook.secret_rotate"
            #expect(try await run.trail().count { $0 == action } == 1)
        }
    }

    @Test("What Telegram has to say against a bot is the answer to its key")
    func refusals() async throws {
        try await BotsRun.with { run in
            let profile = try await run.telegram.sandbox.addBot()
            try await run.setForeignWebhook(profile)
            let body = #""token":"\#(profile.token)","mode":"webhook""#

            let first = try await run.post("/v1/bots", "{\(body)}", key: "one")
            let again = try await run.post("/v1/bots", "{\(body)}", key: "one")
            let other = try await run.post("/v1/bots", #"{\#(body),"take_over":true}"#, key: "one")

            _ = try ProblemAnswer(first, 409, "webhook_conflict")
            #expect(first.header("Idempotency-Replayed") == nil)
            #expect(again.status == 409 && again.header("Idempotency-Replayed") == "true")
            _ = try ProblemAnswer(other, 422, "idempotency_mismatch")
        }
    }

    @Test("A bot that stands is the answer to its key, though the request could not be ended")
    func unfinished() async throws {
        try await BotsRun.with { run in
            let profile = try await run.telegram.sandbox.addBot()
            let body = #"{"token":"\#(profile.token)","mode":"webhook"}"#
            try await run.database(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '53000'; END $$
                """,
                """
                CREATE TRIGGER refuse BEFORE UPDATE ON bot_webhook FOR EACH ROW
                WHEN (NEW.work_id IS NOT NULL) EXECUTE FUNCTION refuse()
                """)

            let away = try await run.post("/v1/bots", body, key: "one")
            try await run.database("DROP TRIGGER refuse ON bot_webhook")
            let again = try await run.post("/v1/bots", body, key: "one")

            #expect(away.status == 503)
            #expect(again.status == 201 && again.header("Idempotency-Replayed") == "true")
            let id = try JSONAnswer(again, 201).text("id")
            #expect(try await run.bot(id)["token_last_four"] == .string(String(profile.token.suffix(4))))
        }
    }

    @Test("What could not be done at Telegram is tried again under its key")
    func triedAgain() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            try await run.fail("getWebhookInfo", of: bot.telegramID, status: 502)

            let away = try await run.post("\(bot.path)/webhook/refresh", key: "one")
            try await run.telegram.sandbox.clearFaults(of: bot.telegramID)
            let back = try await run.post("\(bot.path)/webhook/refresh", key: "one")

            _ = try ProblemAnswer(away, 503, "telegram_unavailable")
            #expect(back.status == 200 && back.header("Idempotency-Replayed") == nil)
            #expect(try await run.trail().count { $0 == "webhook.refresh" } == 1)
        }
    }

    @Test(
        "A secret that Telegram was not there to be given is given to it later, and is the answer to its key")
    func rotatedLater() async throws {
        try await BotsRun.with { run in
            let bot = try await run.newBot()
            let before = try await run.secret(of: bot)
            try await run.fail("setWebhook", of: bot.telegramID, status: 502, times: 1)

            let away = try await run.post("\(bot.path)/webhook/rotate-secret", key: "one")
            let again = try await run.post("\(bot.path)/webhook/rotate-secret", key: "one")

            _ = try ProblemAnswer(away, 503, "telegram_unavailable")
            #expect(again.status == 200 && again.header("Idempotency-Replayed") == "true")
            try await run.app.fixture.eventually("Telegram to have the secret", within: .seconds(30)) {
                try await run.secret(of: bot) != before
            }
            #expect(try await run.trail().count { $0 == "webhook.secret_rotate" } == 1)
        }
    }

    @Test(
        "When the program dies, the answer of the effect is given after a while; without one it is tried again"
    )
    func died() async throws {
        try await Fixture.with { fixture in
            let visitor = try await Visitor(fixture)
            let effect = HTTPResponse.json(201, Array(#"{"made":true}"#.utf8))
            // As far as they come before the program dies.
            let (one, two) = (
                visitor.call("/v1/bots", method: .post, headers: ["Idempotency-Key": "one"]),
                visitor.call("/v1/bots", method: .post, headers: ["Idempotency-Key": "two"])
            )
            for (dying, hasEffect) in [(one, true), (two, false)] {
                let key = try IdempotencyKey(dying, box: fixture.box)
                try await fixture.database.write(visitor.tenant.id) { tx in
                    _ = try await key.begin(in: tx)
                    if hasEffect { try await key.keepEffect(effect, in: tx) }
                }
            }

            for call in [one, two] {
                await #expect(throws: Problem.self) { try await call.writeAsking { _ in .noContent } }
            }
            _ = try await fixture.superuser.withConnection {
                try await $0.execute(
                    "UPDATE idempotency_key SET created_at = created_at - interval '2 minutes'")
            }
            let answers = [
                try await one.writeAsking { _ in .noContent }, try await two.writeAsking { _ in .noContent },
            ]

            #expect(answers.map(\.status) == [201, 204])
            #expect(answers.map { $0.headers["Idempotency-Replayed"] } == ["true", nil])
        }
    }
}

extension BotsRun {
    fileprivate func database(_ statements: SQL...) async throws {
        try await app.fixture.superuser.withConnection { connection in
            for statement in statements { _ = try await connection.execute(statement) }
        }
    }
}
