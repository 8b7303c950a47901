import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Changing consumers by the API", .timeLimit(.minutes(10)))
struct ChangingConsumersTests {
    private static let push = #"{"type":"push","url":"https://shop.example.com/old","kinds":["message"]}"#

    @Test("A change keeps what it does not name, and the trail holds no path and no secret")
    func change() async throws {
        try await ConsumersRun.with { run in
            let (path, made) = try await run.make(Self.push)

            let changed = try JSONAnswer(
                try await run.send(
                    "PATCH", path,
                    json: #"""
                        {"url":"https://shop.example.com/new-path","kinds":null,"retry":{"schedule_ms":[0,5]},
                         "telegram_secret_token":"t0psecret"}
                        """#), 200)

            #expect(changed["kinds"] == .null && changed["has_telegram_secret_token"] == .bool(true))
            #expect(changed["retry", "schedule_ms"] == .array([.number("0"), .number("5")]))
            #expect(changed["retry", "on_dead"] == .string("skip") && changed["name"] == made["name"])
            #expect(try changed.text("url") == "https://shop.example.com/new-path")
            #expect(changed["updated_at"] != made["updated_at"])
            let event = try #require(try await run.trail().last)
            #expect(event.hasPrefix("consumer.update") && event.contains("telegram_secret_token"))
            #expect(event.contains("\"path\"") && event.contains("schedule_ms"))
            #expect(!event.contains("new-path") && !event.contains("t0psecret"))
            let removed = try JSONAnswer(
                try await run.send("PATCH", path, json: #"{"telegram_secret_token":null}"#), 200)
            #expect(removed["has_telegram_secret_token"] == .bool(false))
        }
    }

    @Test("A change that changes nothing leaves version and trail as they are")
    func nothing() async throws {
        try await ConsumersRun.with { run in
            let (path, made) = try await run.make(Self.push)

            let same = try JSONAnswer(
                try await run.send("PATCH", path, json: #"{"kinds":["message"],"concurrency":40}"#), 200)

            #expect(same["updated_at"] == made["updated_at"])
            #expect(try await run.trail().count == 1)
        }
    }

    @Test("What a client changes or deletes is the version that it has seen, wherever the cursor is by then")
    func versions() async throws {
        try await ConsumersRun.with { run in
            let made = try await run.create(Self.push)
            let path = try #require(made.header("Location"))
            let tag = try #require(made.header("ETag"))
            func patch(_ tag: String, _ name: String) async throws -> HTTPClientResponse {
                try await run.send("PATCH", path, json: #"{"name":"\#(name)"}"#, headers: [("If-Match", tag)])
            }

            try await run.tamper("UPDATE consumer_cursor SET position = position + 7")
            let changed = try await patch(tag, "second")
            let stale = try await patch(tag, "third")
            let staleDelete = try await run.send("DELETE", path, headers: [("If-Match", tag)])
            let deleted = try await run.send(
                "DELETE", path, headers: [("If-Match", try #require(changed.header("ETag")))])

            #expect(changed.status == 200)
            _ = try ProblemAnswer(stale, 412, "precondition_failed")
            _ = try ProblemAnswer(staleDelete, 412, "precondition_failed")
            #expect(deleted.status == 204)
        }
    }

    @Test("Pausing and resuming change a consumer once, and resuming forgets why it stood still")
    func pausing() async throws {
        try await ConsumersRun.with { run in
            let (path, made) = try await run.make(Self.push)
            func post(_ what: String) async throws -> JSONAnswer {
                try JSONAnswer(try await run.send("POST", "\(path)/\(what)"), 200)
            }

            let paused = try await post("pause")
            let again = try await post("pause")
            try await run.tamper(
                """
                UPDATE consumer SET status = 'disabled', status_reason = 'failing',
                    failing_since = now() - interval '5 days', warned_at = now()
                """)
            let disabled = try await run.get(path)
            let still = try await post("pause")
            let resumed = try await post("resume")
            let resumedAgain = try await post("resume")

            #expect(paused["status"] == .string("paused") && again["updated_at"] == paused["updated_at"])
            #expect(disabled["status_reason"] == .string("failing") && disabled["failing_since"] != .null)
            #expect(still["status"] == .string("disabled"))
            #expect(resumed["status"] == .string("active") && resumed["status_reason"] == .null)
            #expect(resumed["failing_since"] == .null && resumed["updated_at"] != made["updated_at"])
            #expect(resumedAgain["updated_at"] == resumed["updated_at"])
            #expect(try await run.count("SELECT count(*) FROM consumer WHERE warned_at IS NOT NULL") == 0)
            let actions = try await run.trail().map { $0.prefix { $0 != " " } }
            #expect(actions == ["consumer.create", "consumer.pause", "consumer.resume"])
        }
    }

    @Test("A new secret signs beside the old one for its grace; one that is pulled from has none")
    func rotation() async throws {
        try await ConsumersRun.with { run in
            let (path, made) = try await run.make(Self.push)
            let pull = try await run.make(#"{"type":"pull"}"#).path

            let plain = try JSONAnswer(try await run.send("POST", path + "/rotate-secret"), 200)
            let own = WebhookKey.makeSigning()
            let given = try JSONAnswer(
                try await run.send(
                    "POST", path + "/rotate-secret", json: #"{"secret":"\#(own)","grace_ms":3600000}"#), 200)
            let ended = try JSONAnswer(
                try await run.send("POST", path + "/rotate-secret", json: #"{"grace_ms":0}"#), 200)

            #expect(try plain.text("secret").hasPrefix("whsec_") && plain["secret"] != made["secret"])
            guard case .array(let older)? = plain["older_secrets_until"] else { throw TimedOut("a list") }
            #expect(older.count == 1)
            #expect(try given.text("secret") == own)
            #expect(try given.text("public_key") == WebhookKey(own)?.publicKey)
            guard case .array(let two)? = given["older_secrets_until"] else { throw TimedOut("a list") }
            #expect(two.count == 2)
            #expect(ended["older_secrets_until"] == .array([]))
            _ = try ProblemAnswer(try await run.send("POST", pull + "/rotate-secret"), 409, "not_push")
            for wrong in [#"{"grace_ms":604800001}"#, #"{"signing":"v2"}"#, #"{"secret":"x"}"#] {
                _ = try ProblemAnswer(
                    try await run.send("POST", path + "/rotate-secret", json: wrong), 422, "invalid_fields")
            }
            let trail = try await run.trail()
            #expect(trail.count { $0.hasPrefix("consumer.secret_rotate") } == 3)
            #expect(!trail.joined().contains("whs"))
        }
    }

    @Test("A test shows what the endpoint makes of it, and the trail that there was one")
    func test() async throws {
        try await ConsumersRun.with { run in
            let receiver = try await TestReceiver(on: run.fixture.loop) { _ in 418 }
            let (path, _) = try await run.make(#"{"type":"push","url":"\#(receiver.url)"}"#)
            let nobody = try await run.make(#"{"type":"push","url":"http://127.0.0.1:65534/"}"#).path
            let pull = try await run.make(#"{"type":"pull"}"#).path
            _ = try await run.send("POST", path + "/pause")

            let answer = try JSONAnswer(try await run.send("POST", path + "/test"), 200)
            let refused = try JSONAnswer(try await run.send("POST", nobody + "/test"), 200)
            let received = receiver.receptions.all
            await receiver.stop()

            #expect(answer["status_code"] == .number("418") && answer["error"] != .null)
            #expect(answer["reply"] == .null)
            #expect(refused["status_code"] == .null && refused["error"] != .null)
            #expect(received.map(\.updateID) == [0])
            #expect(received.first?.headers["Rookery-Test"] == "true")
            #expect(received.first?.headers["webhook-signature"]?.hasPrefix("v1,") == true)
            _ = try ProblemAnswer(try await run.send("POST", pull + "/test"), 409, "not_push")
            #expect(try await run.trail().count { $0.hasPrefix("consumer.test") } == 2)
        }
    }

    @Test("A test whose client goes away ends, and is in the trail")
    func clientGone() async throws {
        try await ConsumersRun.with { run in
            let isOver = Happenings<Bool>()
            let loop = run.fixture.loop
            let receiver = try await TestReceiver(on: loop) { _ in
                _ = try? await isOver.wait("the end", on: loop) { !$0.isEmpty }
                return 200
            }
            let (path, _) = try await run.make(
                #"{"type":"push","url":"\#(receiver.url)","timeout_ms":60000}"#)
            let asking = Task(executorPreference: loop) { try await run.send("POST", path + "/test") }
            try await receiver.receptions.wait("the test", on: loop) { !$0.isEmpty }

            asking.cancel()
            _ = await asking.result

            try await run.fixture.eventually("the trail") {
                try await run.trail().contains { $0.hasPrefix("consumer.test") }
            }
            isOver.add(true)
            await receiver.stop()
        }
    }

    @Test("While a consumer is locked, only a little of its log is looked through for the answer")
    func brief() async throws {
        try await ConsumersRun.with { run in
            let (path, _) = try await run.makePaused()
            try await run.tamper(
                """
                INSERT INTO update_log (tenant_id, bot_id, day, position, update_id, kind, lane, received_at, payload)
                SELECT \(run.tenant.id), \(run.bot.id), (now() AT TIME ZONE 'UTC')::date,
                    nextval('update_log_position'), n, 'message', 'c1', now(), '{}'
                FROM generate_series(1, 1200) AS n
                """)

            let shown = try await run.get(path)
            let renamed = try JSONAnswer(try await run.send("PATCH", path, json: #"{"name":"New"}"#), 200)
            let paused = try JSONAnswer(try await run.send("POST", path + "/pause"), 200)

            #expect(shown["lag", "updates"] == .number("1200") && shown["lag", "is_capped"] == .bool(false))
            for answer in [renamed, paused] {
                #expect(answer["lag", "updates"] == .number("1000"))
                #expect(answer["lag", "is_capped"] == .bool(true))
            }
        }
    }

    @Test("A consumer is gone at once with all that is its own, however many rows it had")
    func deletion() async throws {
        try await ConsumersRun.with { run in
            let (path, id) = try await run.makePaused()
            let kept = try await run.makePaused().id
            let delivery = try await run.delivery(of: id, at: 1, .dead)
            _ = try await run.delivery(of: kept, at: 1, .dead)
            for consumer in [id, kept] {
                try await run.tamper(
                    """
                    INSERT INTO delivery_attempt (tenant_id, consumer_id, day, position, update_id, attempt,
                        duration_ms, at)
                    SELECT \(run.tenant.id), \(consumer), (now() AT TIME ZONE 'UTC')::date, n, n, 1, 1, now()
                    FROM generate_series(1, 2500) AS n
                    """)
            }
            let replay = ID<Consumer>()
            try await run.tamper(
                """
                INSERT INTO consumer (tenant_id, id, bot_id, type, name)
                VALUES (\(run.tenant.id), \(replay), \(run.bot.id), 'replay', 'Replay')
                """)
            try await run.tamper(
                """
                INSERT INTO replay (tenant_id, consumer_id, source_id, from_time, until_time, until_position, total)
                VALUES (\(run.tenant.id), \(replay), \(id), now() - interval '1 hour', now(), 1, 1)
                """)
            _ = try await run.delivery(of: replay, at: 1, .dead)

            let deleted = try await run.send("DELETE", path)
            let again = try await run.send("DELETE", path)
            let shown = try await run.send("GET", "/v1/deliveries/\(delivery)")

            #expect(deleted.status == 204)
            _ = try ProblemAnswer(again, 404, "not_found")
            _ = try ProblemAnswer(shown, 404, "not_found")
            #expect(try await run.count("SELECT count(*) FROM consumer WHERE id <> \(kept)") == 0)
            try await run.fixture.eventually("the rows' end") {
                try await run.count(
                    """
                    SELECT (SELECT count(*) FROM delivery WHERE consumer_id <> \(kept))
                        + (SELECT count(*) FROM delivery_attempt WHERE consumer_id <> \(kept))
                    """) == 0
            }
            #expect(try await run.count("SELECT count(*) FROM delivery") == 1)
            #expect(try await run.count("SELECT count(*) FROM delivery_attempt") == 2500)
            #expect(try await run.trail().last?.hasPrefix("consumer.delete") == true)
        }
    }
}
