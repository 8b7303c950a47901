import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Making consumers by the API", .timeLimit(.minutes(10)))
struct MakingConsumersTests {
    @Test("A push consumer begins with what is usual, and its secret is shown once")
    func push() async throws {
        try await ConsumersRun.with { run in
            let made = try await run.create(#"{"type":"push","url":"https://shop.example.com/hidden-path"}"#)
            let answer = try JSONAnswer(made, 201)
            let path = "/v1/consumers/\(try answer.text("id"))"
            let shown = try await run.send("GET", path)
            let list = try await run.get("/v1/bots/\(run.bot.id)/consumers")
            let now = try JSONAnswer(shown, 200)

            #expect(made.header("Location") == path)
            #expect(try answer.text("secret").hasPrefix("whsec_"))
            #expect(now["secret"] == nil && list.rows.count == 1 && list.rows[0]["secret"] == nil)
            #expect(made.header("ETag") == shown.header("ETag"))
            #expect(try now.text("name") == "shop.example.com")
            #expect(try now.text("status") == "active")
            #expect(now["concurrency"] == .number("40") && now["timeout_ms"] == .number("10000"))
            #expect(now["retry", "on_dead"] == .string("skip"))
            #expect(now["kinds"] == .null && now["visibility_ms"] == .null && now["public_key"] == .null)
            #expect(now["disable_after_ms"] == .number("432000000"))
            #expect(now["has_telegram_secret_token"] == .bool(false))
            #expect(now["older_secrets_until"] == .array([]))
            let trail = try await run.trail()
            #expect(trail.count == 1 && trail[0].hasPrefix("consumer.create"))
            #expect(trail[0].contains("https://shop.example.com:443") && !trail[0].contains("hidden-path"))
        }
    }

    @Test("Everything that can be set is set, and a schedule left out is the usual one, as the table's own")
    func settings() async throws {
        try await ConsumersRun.with { run in
            let (_, answer) = try await run.make(
                #"""
                {"type":"push","url":"http://127.0.0.1:65534/x","name":"Till","start":"beginning",
                 "kinds":["message","message","poll"],"ordering":"none","concurrency":7,"timeout_ms":1500,
                 "telegram_secret_token":"s3cret","retry":{"on_dead":"park"},"disable_after_ms":null}
                """#)
            let usual = try await run.fixture.superuser.withConnection { connection in
                try await connection.value(
                    """
                    SELECT column_default FROM information_schema.columns
                    WHERE table_name = 'consumer' AND column_name = 'retry_schedule_ms'
                    """, as: String.self)
            }

            #expect(try answer.text("name") == "Till" && answer["ordering"] == .string("none"))
            #expect(answer["kinds"] == .array([.string("message"), .string("poll")]))
            #expect(answer["concurrency"] == .number("7") && answer["timeout_ms"] == .number("1500"))
            #expect(answer["has_telegram_secret_token"] == .bool(true))
            #expect(answer["retry", "on_dead"] == .string("park"))
            #expect(answer["disable_after_ms"] == .null)
            let schedule = Consumer.New.standardSchedule.map { "\($0.milliseconds)" }
            #expect(answer["retry", "schedule_ms"] == .array(schedule.map { .number($0) }))
            #expect(usual?.contains("{" + schedule.joined(separator: ",") + "}") == true)
        }
    }

    @Test("A consumer signs with what it is given, or with a key pair when that is asked for")
    func secrets() async throws {
        try await ConsumersRun.with { run in
            let own = WebhookKey.makeSigning()

            let given = try await run.make(
                #"{"type":"push","url":"https://example.com/","secret":"\#(own)"}"#)
            let asked = try await run.make(
                #"{"type":"push","url":"https://example.com/","signing":"v1a"}"#)

            #expect(try given.answer.text("secret") == own)
            #expect(try given.answer.text("public_key") == WebhookKey(own)?.publicKey)
            let made = try asked.answer.text("secret")
            #expect(made.hasPrefix("whsk_"))
            #expect(try asked.answer.text("public_key") == WebhookKey(made)?.publicKey)
            #expect(try await run.get(asked.path).text("public_key").hasPrefix("whpk_"))
        }
    }

    @Test("A pull consumer has none of what pushing needs")
    func pull() async throws {
        try await ConsumersRun.with { run in
            let (_, answer) = try await run.make(#"{"type":"pull","visibility_ms":5000}"#)

            #expect(try answer.text("name") == "Pull" && answer["visibility_ms"] == .number("5000"))
            for name in ["url", "concurrency", "timeout_ms", "retry", "public_key", "older_secrets_until"] {
                #expect(answer[name] == .null, "\(name)")
            }
            #expect(answer["secret"] == nil)
        }
    }

    @Test("What a consumer must be is told field by field, and fields of the other type are wrong")
    func wrong() async throws {
        try await ConsumersRun.with { run in
            let push = #""type":"push","url":"https://example.com/""#
            let bodies = [
                "{}", #"{"type":"replay"}"#, #"{"type":"push"}"#, "{\(push),\"visibility_ms\":5000}",
                #"{"type":"pull","url":"https://example.com/"}"#, #"{"type":"pull","concurrency":1}"#,
                #"{"type":"push","url":"ftp://example.com/"}"#, #"{"type":"push","url":"example.com"}"#,
                #"{"type":"push","url":"https://user:word@example.com/"}"#,
                #"{"type":"push","url":"https://user@example.com/"}"#, "{\(push),\"kinds\":[]}",
                #"{"type":"push","url":"https://example.com:22/"}"#,
                #"{"type":"push","url":"https://bücher.example/"}"#,
                #"{"type":"push","url":"https:///x"}"#, #"{"type":"push","url":"https:/x.example/"}"#,
                #"{"type":"push","url":"https://x..example/"}"#,
                #"{"type":"push","url":"https://\#(String(repeating: "x", count: 64)).example/"}"#,
                "{\(push),\"kinds\":[\"A\"]}", "{\(push),\"concurrency\":201}", "{\(push),\"timeout_ms\":99}",
                "{\(push),\"retry\":{\"schedule_ms\":[]}}", "{\(push),\"retry\":{\"on_dead\":\"drop\"}}",
                "{\(push),\"retry\":{\"limit\":3}}", "{\(push),\"secret\":\"whsec_c2hvcnQ=\"}",
                "{\(push),\"secret\":\"\(WebhookKey(WebhookKey.makeSigning())!.publicKey!)\"}",
                "{\(push),\"secret\":\"\(WebhookKey.makeShared())\",\"signing\":\"v1\"}",
                "{\(push),\"disable_after_ms\":1}", "{\(push),\"start\":\"middle\"}",
                "{\(push),\"telegram_secret_token\":\"with space\"}", "{\(push),\"status\":\"paused\"}",
            ]

            for body in bodies {
                _ = try ProblemAnswer(try await run.create(body), 422, "invalid_fields")
            }

            #expect(try await run.count("SELECT count(*) FROM consumer") == 0)
        }
    }

    @Test("Of a consumer of no known type only the type is missed")
    func noType() async throws {
        try await ConsumersRun.with { run in
            let answer = try await run.create("{}")

            _ = try ProblemAnswer(answer, 422, "invalid_fields")
            #expect(try JSONAnswer(answer, 422).pointers == ["/type"])
        }
    }

    @Test("Names that DNS can hold are taken, and addresses of both kinds")
    func names() async throws {
        try await ConsumersRun.with { run in
            let urls = [
                "https://EXAMPLE.com./", "https://a_b-c.example:8443/x?y=1", "https://[2606:4700::1111]/",
            ]

            for url in urls {
                _ = try JSONAnswer(try await run.create(#"{"type":"push","url":"\#(url)"}"#), 201)
            }
        }
    }

    @Test("A URL that names a private address is refused at once, unless the operator allows such")
    func addresses() async throws {
        try await ConsumersRun.with(settings: ["ROOKERY_ALLOW_PRIVATE_DESTINATIONS": "off"]) { run in
            func create(_ url: String) async throws -> HTTPClientResponse {
                try await run.create(#"{"type":"push","url":"\#(url)"}"#)
            }
            let guarded = [
                "http://127.0.0.1/", "https://[::1]/", "http://10.1.2.3:8000/",
                "http://169.254.169.254/latest",
                "http://2130706433/", "http://0x7f.1/", "http://[::ffff:10.0.0.1]/", "http://100.64.0.1/",
                "http://[64:ff9b::a00:1]/",
            ]

            for url in guarded {
                _ = try ProblemAnswer(try await create(url), 422, "invalid_fields")
            }

            for url in ["http://93.184.216.34/", "https://example.com/", "http://localhost.example/"] {
                _ = try JSONAnswer(try await create(url), 201)
            }
        }
    }

    @Test("A bot has as many consumers as its tenant's limit says; replays do not count")
    func limit() async throws {
        try await ConsumersRun.with(limits: TenantLimits(overrides: [.consumersPerBot: 2])) { run in
            let first = try await run.make(#"{"type":"pull"}"#)
            try await run.tamper(
                """
                INSERT INTO consumer (tenant_id, id, bot_id, type, name)
                VALUES (\(run.tenant.id), \(ID<Consumer>()), \(run.bot.id), 'replay', 'Replay')
                """)
            _ = try await run.make(#"{"type":"pull"}"#)

            let third = try await run.create(#"{"type":"pull"}"#)
            let deleted = try await run.send("DELETE", first.path)
            let again = try await run.create(#"{"type":"pull"}"#)

            let problem = try ProblemAnswer(third, 403, "limit_reached")
            #expect(problem.detail == "2")
            #expect(deleted.status == 204 && again.status == 201)
        }
    }

    @Test("A repetition makes no second consumer and shows the same secret")
    func repetition() async throws {
        try await ConsumersRun.with { run in
            func post() async throws -> HTTPClientResponse {
                try await run.send(
                    "POST", "/v1/bots/\(run.bot.id)/consumers",
                    json: #"{"type":"push","url":"https://example.com/"}"#,
                    headers: [("Idempotency-Key", "once")])
            }

            let (first, second) = (try await post(), try await post())

            #expect(first.status == 201 && second.body == first.body)
            #expect(try await run.count("SELECT count(*) FROM consumer") == 1)
        }
    }

    @Test("A consumer begins where it is told to, and lags by what it wants of the rest")
    func start() async throws {
        try await ConsumersRun.with { run in
            let appender = run.fixture.appender()
            for number in 1...3 { try await appender.append(run.fixture.message(Int64(number), to: run.bot)) }
            let json = #"{"update_id":4,"callback_query":{"id":"1","from":{"id":5}}}"#
            try await appender.append(run.fixture.update(json, to: run.bot))

            let end = try await run.make(#"{"type":"pull"}"#).answer
            let beginning = try await run.make(#"{"type":"pull","start":"beginning"}"#)
            let some = try await run.make(#"{"type":"pull","start":"beginning","kinds":["callback_query"]}"#)
            try await run.tamper("UPDATE update_log SET received_at = received_at - interval '1 hour'")
            let later = try await run.get(beginning.path)

            let last = try await run.count("SELECT max(position) FROM update_log")
            #expect(end["cursor"] == .number("\(last)") && end["lag", "updates"] == .number("0"))
            #expect(end["lag", "seconds"] == .number("0"))
            #expect(beginning.answer["cursor"] == .number("0"))
            #expect(beginning.answer["lag", "updates"] == .number("4"))
            #expect(some.answer["lag", "updates"] == .number("1"))
            guard case .number(let seconds)? = later["lag", "seconds"] else { throw TimedOut("a lag") }
            #expect(Int(seconds)! >= 3600 && later["lag", "is_capped"] == .bool(false))
        }
    }
}
