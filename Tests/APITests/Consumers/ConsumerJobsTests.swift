import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Jobs of consumers by the API", .timeLimit(.minutes(10)))
struct ConsumerJobsTests {
    private struct Nest: Sendable {
        let app: RunningApp
        let tenant: Tenant
        let bot: Bot
        let receiver: TestReceiver
        let consumer: Consumer
        let owner: (String, String)

        var path: String { "/v1/consumers/\(consumer.id)" }

        func send(_ method: String, _ path: String, json: String? = nil) async throws -> HTTPClientResponse {
            guard let json else { return try await app.send(method, path, headers: [owner]) }
            return try await app.send(method, path, json: json, as: owner)
        }
    }

    private func run(
        answer: @escaping @Sendable (TestReceiver.Reception) async -> Int = { _ in 200 },
        _ body: @escaping @Sendable (Nest) async throws -> Void
    ) async throws {
        try await RunningApp.with { app in
            let bot = try await app.bot()
            let tenant = try #require(
                try await app.fixture.database.read(bot.tenant) { tx in try await Tenant.current(in: tx) })
            let receiver = try await TestReceiver(on: app.fixture.loop, answer: answer)
            let consumer = try await app.fixture.consumer(of: bot, url: receiver.url)
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            try await body(
                Nest(app: app, tenant: tenant, bot: bot, receiver: receiver, consumer: consumer, owner: owner)
            )
            await receiver.stop()
        }
    }

    @Test("A replay is accepted at once, tells how far it has come, and ends")
    func replay() async throws {
        try await run { nest in
            let bot = "\(nest.bot.id)"
            for number in 1...3 {
                let answer = try await nest.app.post(
                    #"{"update_id":\#(number),"message":{"message_id":1,"date":1,"chat":{"id":5,"type":"private"}}}"#,
                    to: bot)
                #expect(answer.status == 200)
            }
            try await nest.receiver.receptions.wait("the updates", on: nest.app.fixture.loop) {
                $0.count == 3
            }

            let body =
                #"{"from":"2020-01-01T00:00:00Z","to":"2100-01-01T00:00:00Z","chat_id":5,"kinds":["message"]}"#
            let answer = try await nest.send("POST", nest.path + "/replay", json: body)

            let made = try JSONAnswer(answer, 202)
            let path = "/v1/replays/\(try made.text("id"))"
            #expect(answer.header("Location") == path)
            #expect(made["total"] == .number("3") && made["per_second"] == .number("50"))
            #expect(made["consumer_id"] == .string("\(nest.consumer.id)"))
            try await nest.app.fixture.eventually("its end") {
                try JSONAnswer(try await nest.send("GET", path), 200)["status"] == .string("finished")
            }
            let done = try JSONAnswer(try await nest.send("GET", path), 200)
            #expect(done["delivered"] == .number("3") && done["pending"] == .number("0"))
            #expect(
                nest.receiver.receptions.all.suffix(3).allSatisfy { $0.headers["Rookery-Replay"] == "true" })
            let list = try JSONAnswer(try await nest.send("GET", nest.path + "/replays"), 200)
            #expect(list.rows.count == 1)
            // It is no consumer of the bot's.
            let consumers = try JSONAnswer(try await nest.send("GET", "/v1/bots/\(bot)/consumers"), 200)
            #expect(consumers.rows.count == 1)
            let audit = try JSONAnswer(
                try await nest.send("GET", "/v1/audit-events?action=consumer.replay"), 200)
            #expect(audit.rows.count == 1)
        }
    }

    @Test("One replay runs at a time, and it can be cancelled")
    func cancelled() async throws {
        try await run { nest in
            for number in 1...3 {
                _ = try await nest.app.post(
                    #"{"update_id":\#(number),"message":{"message_id":1,"date":1,"chat":{"id":5,"type":"private"}}}"#,
                    to: "\(nest.bot.id)")
            }
            try await nest.app.fixture.tamper(consumer: nest.consumer, "status = 'paused'")
            let body = #"{"from":"2020-01-01T00:00:00Z","to":"2100-01-01T00:00:00Z"}"#
            let made = try JSONAnswer(try await nest.send("POST", nest.path + "/replay", json: body), 202)
            let path = "/v1/replays/\(try made.text("id"))"

            let second = try await nest.send("POST", nest.path + "/replay", json: body)
            let answer = try await nest.send("DELETE", path)
            let again = try await nest.send("DELETE", path)
            let third = try await nest.send("POST", nest.path + "/replay", json: body)

            _ = try ProblemAnswer(second, 409, "replay_running")
            #expect(answer.status == 204 && again.status == 204)
            #expect(try JSONAnswer(try await nest.send("GET", path), 200)["status"] == .string("cancelled"))
            #expect(third.status == 202)
        }
    }

    @Test("Dead letters are retried as a job that tells how far it has come")
    func retryDead() async throws {
        let isWell = Happenings<Bool>()
        try await run(answer: { _ in isWell.all.isEmpty ? 404 : 200 }) { nest in
            try await nest.app.fixture.tamper(consumer: nest.consumer, "retry_schedule_ms = '{0}'")
            _ = try await nest.app.post(
                #"{"update_id":1,"message":{"message_id":1,"date":1,"chat":{"id":5,"type":"private"}}}"#,
                to: "\(nest.bot.id)")
            try await nest.app.fixture.eventually("a dead letter") {
                try await nest.app.fixture.count("SELECT count(*) FROM delivery WHERE status = 'dead'") == 1
            }
            isWell.add(true)

            let answer = try await nest.send("POST", nest.path + "/retry-dead")

            let made = try JSONAnswer(answer, 202)
            let path = "/v1/retry-jobs/\(try made.text("id"))"
            #expect(answer.header("Location") == path && made["total"] == .number("1"))
            try await nest.app.fixture.eventually("its end") {
                try JSONAnswer(try await nest.send("GET", path), 200)["status"] == .string("finished")
            }
            let done = try JSONAnswer(try await nest.send("GET", path), 200)
            #expect(done["done"] == .number("1") && done["finished_at"] != .null)
            #expect(try await nest.app.fixture.count("SELECT count(*) FROM delivery") == 0)
            #expect(
                try JSONAnswer(try await nest.send("GET", nest.path + "/retry-jobs"), 200).rows.count == 1)
            #expect(try await nest.send("DELETE", path).status == 204)
            let gaps = try JSONAnswer(try await nest.send("GET", nest.path + "/gaps"), 200)
            #expect(gaps.rows.isEmpty)
        }
    }

    @Test("What makes no sense is refused, and what is another's is not there")
    func refused() async throws {
        try await run { nest in
            let good = #"{"from":"2020-01-01T00:00:00Z","to":"2020-01-02T00:00:00Z"}"#
            let wrong = [
                #"{"from":"2020-01-02T00:00:00Z","to":"2020-01-02T00:00:00Z"}"#,
                #"{"from":"2020-01-02T00:00:00Z"}"#,
                String(good.dropLast()) + #","kinds":[]}"#, String(good.dropLast()) + #","per_second":0}"#,
            ]
            for body in wrong {
                _ = try ProblemAnswer(
                    try await nest.send("POST", nest.path + "/replay", json: body), 422, "invalid_fields")
            }
            let made = try JSONAnswer(try await nest.send("POST", nest.path + "/replay", json: good), 202)
            let retry = try JSONAnswer(try await nest.send("POST", nest.path + "/retry-dead"), 202)
            let other = try await nest.app.fixture.tenant("Other")
            let stranger = try await nest.app.bearer(nest.app.fixture.admin(in: other))
            let replay = "/v1/replays/\(try made.text("id"))"
            let job = "/v1/retry-jobs/\(try retry.text("id"))"

            for (method, path) in [
                ("GET", replay), ("DELETE", replay), ("GET", job), ("DELETE", job),
                ("GET", nest.path + "/replays"),
                ("GET", nest.path + "/retry-jobs"), ("GET", nest.path + "/gaps"),
                ("POST", nest.path + "/retry-dead"),
            ] {
                let answer = try await nest.app.send(method, path, headers: [stranger])
                _ = try ProblemAnswer(answer, 404, "not_found")
            }
            let answer = try await nest.app.send("POST", nest.path + "/replay", json: good, as: stranger)
            _ = try ProblemAnswer(answer, 404, "not_found")
            #expect(made["status"] == .string("finished") && retry["status"] == .string("finished"))
        }
    }
}

extension Fixture {
    fileprivate func tamper(consumer: Consumer, _ change: String) async throws {
        try await testDatabase.run(
            script: """
                UPDATE consumer SET \(change), updated_at = now() WHERE id = '\(consumer.id.uuid)'
                """)
    }

    fileprivate func count(_ sql: SQL) async throws -> Int {
        try await superuser.withConnection { connection in
            Int(try await connection.value(sql, as: Int64.self) ?? 0)
        }
    }
}
