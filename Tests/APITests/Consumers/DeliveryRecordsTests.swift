import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Deliveries and attempts by the API", .timeLimit(.minutes(10)))
struct DeliveryRecordsTests {
    @Test("Deliveries are listed by status, newest position first, page by page, and shown with their update")
    func list() async throws {
        try await ConsumersRun.with { run in
            let (path, id) = try await run.makePaused()
            let waiting = try await run.delivery(of: id, at: 1, .retrying, attempts: 2)
            let parked = try await run.delivery(of: id, at: 2, .dead, lane: "chat:2", isParking: true)
            let dead = try await run.delivery(of: id, at: 3, .dead)
            let expired = try await run.delivery(of: id, at: 4, .expired)
            func ids(_ query: String) async throws -> [JSONValue?] {
                try await run.get("\(path)/deliveries?\(query)").rows.map { $0["id"] }
            }
            func texts(_ ids: ID<DeliveryRow>...) -> [JSONValue?] { ids.map { .string("\($0)") } }

            let page = try await run.get("\(path)/deliveries?limit=3")
            let rest = try await ids("limit=3&cursor=\(try page.text("next_cursor"))")
            let consumer = try await run.get(path)
            let shown = try await run.get("/v1/deliveries/\(parked)")

            #expect(page.rows.map { $0["id"] } == texts(expired, dead, parked))
            #expect(rest == texts(waiting))
            #expect(try await ids("status=dead") == texts(dead, parked))
            #expect(try await ids("status=retrying") == texts(waiting))
            #expect(try await ids("status=expired") == texts(expired))
            #expect(page.rows.map { $0["holds_lane"] } == [.bool(false), .bool(false), .bool(true)])
            #expect(consumer["deliveries", "dead"] == .number("2"))
            #expect(consumer["deliveries", "retrying"] == .number("1"))
            #expect(consumer["deliveries", "expired"] == .number("1"))
            #expect(shown["payload", "update_id"] == .number("1") && shown["update_id"] == .number("102"))
            #expect(shown["last_error"] == .string("no answer in time") && shown["replay_id"] == .null)
            _ = try ProblemAnswer(
                try await run.send("GET", "\(path)/deliveries?status=done"), 400, "invalid_parameter")
            let stranger = try await run.app.bearer(run.fixture.admin(in: run.fixture.tenant()))
            for path in ["/v1/deliveries/\(dead)", "\(path)/deliveries", "\(path)/attempts"] {
                _ = try ProblemAnswer(try await run.app.get(path, as: stranger), 404, "not_found")
            }
        }
    }

    @Test("A dead delivery that is tried again has all its attempts before it, and the node is told")
    func retryDead() async throws {
        try await ConsumersRun.with { run in
            let (_, id) = try await run.makePaused()
            let dead = try await run.delivery(of: id, at: 1, .dead, isParking: true)

            let answer = try JSONAnswer(try await run.send("POST", "/v1/deliveries/\(dead)/retry"), 200)

            #expect(answer["status"] == .string("retrying") && answer["attempts"] == .number("0"))
            #expect(answer["next_attempt_at"] != .null && answer["holds_lane"] == .bool(true))
            #expect(
                try await run.count(
                    "SELECT count(*) FROM consumer WHERE lanes_changed_at > now() - interval '1 hour'") == 1)
            #expect(try await run.count("SELECT count(*) FROM delivery WHERE is_parking") == 0)
            let event = try #require(try await run.trail().last)
            #expect(event.hasPrefix("delivery.retry") && event.contains("dead"))
        }
    }

    @Test("A delivery that waits is due at once, and so is the head of its lane; other lanes wait on")
    func retryWaiting() async throws {
        try await ConsumersRun.with { run in
            let (path, id) = try await run.makePaused()
            let later = Timestamp.now + .seconds(36_000)
            _ = try await run.delivery(of: id, at: 1, .retrying, attempts: 3, nextAttemptAt: later)
            _ = try await run.delivery(of: id, at: 2, .retrying, attempts: 0)
            let asked = try await run.delivery(of: id, at: 3, .retrying, attempts: 0)
            _ = try await run.delivery(of: id, at: 4, .retrying, lane: "chat:2", nextAttemptAt: later)

            _ = try JSONAnswer(try await run.send("POST", "/v1/deliveries/\(asked)/retry"), 200)

            let rows = try await run.get("\(path)/deliveries").rows
            #expect(rows.map { $0["attempts"] } == ["9", "0", "0", "3"].map { .number($0) })
            #expect(rows[0]["next_attempt_at"] == .string("\(later)"))
            #expect(rows[2]["next_attempt_at"] == .null)
            for row in [rows[1], rows[3]] {
                #expect(row["next_attempt_at"] != .null && row["next_attempt_at"] != .string("\(later)"))
            }
        }
    }

    @Test("What is over is not tried again, and only a parked delivery can be skipped, once")
    func refusals() async throws {
        try await ConsumersRun.with { run in
            let (_, id) = try await run.makePaused()
            let expired = try await run.delivery(of: id, at: 1, .expired)
            let late = try await run.delivery(of: id, at: 2, .dead, deadline: .now - .seconds(1))
            let parked = try await run.delivery(of: id, at: 3, .dead, isParking: true)
            func post(_ delivery: ID<DeliveryRow>, _ what: String) async throws -> HTTPClientResponse {
                try await run.send("POST", "/v1/deliveries/\(delivery)/\(what)")
            }

            for delivery in [expired, late] {
                _ = try ProblemAnswer(try await post(delivery, "retry"), 409, "deadline_passed")
                _ = try ProblemAnswer(try await post(delivery, "skip"), 409, "not_parked")
            }
            let skipped = try JSONAnswer(try await post(parked, "skip"), 200)
            let again = try await post(parked, "skip")

            #expect(skipped["status"] == .string("dead") && skipped["holds_lane"] == .bool(false))
            _ = try ProblemAnswer(again, 409, "not_parked")
            _ = try ProblemAnswer(try await post(ID(), "retry"), 404, "not_found")
            #expect(try await run.trail().last?.hasPrefix("delivery.skip") == true)
            #expect(try await run.trail().count { $0.hasPrefix("delivery.") } == 1)
        }
    }

    @Test(
        "A dead delivery that is tried again is delivered by the node that runs already, and a skipped one lets go"
    )
    func effect() async throws {
        try await ConsumersRun.with { run in
            let isWell = Happenings<Bool>()
            let receiver = try await TestReceiver(on: run.fixture.loop) { reception in
                reception.updateID == 1 && isWell.all.isEmpty ? 500 : 200
            }
            try await run.fixture.eventually("the bot in the directory") {
                run.app.app.directory.tenant(of: run.bot.id) != nil
            }
            let (path, _) = try await run.make(
                #"{"type":"push","url":"\#(receiver.url)","retry":{"schedule_ms":[0],"on_dead":"park"}}"#)
            func post(_ number: Int) async throws {
                let message = #""message_id":1,"date":1,"chat":{"id":1,"type":"private"},"text":"x""#
                let sent = try await run.app.post(
                    #"{"update_id":\#(number),"message":{\#(message)}}"#, to: "\(run.bot.id)")
                #expect(sent.status == 200)
            }
            func deliveries(_ status: String) async throws -> [JSONAnswer] {
                try await run.get("\(path)/deliveries?status=\(status)").rows
            }
            try await post(1)
            try await run.fixture.eventually("the dead letter") { try await deliveries("dead").count == 1 }
            try await post(2)
            try await run.fixture.eventually("the one behind it") {
                try await deliveries("retrying").count == 1
            }
            let before = receiver.receptions.all.map(\.updateID)

            isWell.add(true)
            let parked = try await deliveries("dead")[0].text("id")
            _ = try JSONAnswer(try await run.send("POST", "/v1/deliveries/\(parked)/retry"), 200)
            let all = try await receiver.receptions.wait("both", on: run.fixture.loop) { $0.count == 3 }
            await receiver.stop()

            #expect(before == [1])
            #expect(all.map(\.updateID) == [1, 1, 2])
            try await run.fixture.eventually("the attempts") {
                try await run.get("\(path)/attempts").rows.count == 3
            }
            let attempts = try await run.get("\(path)/attempts?update_id=1").rows
            #expect(attempts.map { $0["status_code"] } == [.number("200"), .number("500")])
            #expect(attempts.last?["error"] == .string("the endpoint answered 500"))
        }
    }

    @Test(
        "Deliveries and attempts of a replay are asked for by its id, and name the consumer that they were for"
    )
    func replays() async throws {
        try await ConsumersRun.with { run in
            let (path, id) = try await run.makePaused()
            let replay = ID<Consumer>()
            try await run.tamper(
                """
                INSERT INTO consumer (tenant_id, id, bot_id, type, name)
                VALUES (\(run.tenant.id), \(replay), \(run.bot.id), 'replay', 'Replay')
                """)
            try await run.tamper(
                """
                INSERT INTO replay (tenant_id, consumer_id, source_id, from_time, until_time, until_position, total,
                    status)
                VALUES (\(run.tenant.id), \(replay), \(id), now() - interval '1 hour', now(), 1, 1, 'finished')
                """)
            let delivery = try await run.delivery(of: replay, at: 1, .dead)
            let name = "\(ID<Replay>(replay.uuid))"

            let rows = try await run.get("\(path)/deliveries?replay_id=\(name)").rows
            let shown = try await run.get("/v1/deliveries/\(delivery)")

            #expect(rows.map { $0["id"] } == [.string("\(delivery)")])
            #expect(rows[0]["consumer_id"] == .string("\(id)") && rows[0]["replay_id"] == .string(name))
            #expect(shown["consumer_id"] == .string("\(id)"))
            #expect(try await run.get("\(path)/deliveries").rows.isEmpty)
            #expect(try await run.get("\(path)/deliveries?replay_id=\(ID<Replay>())").rows.isEmpty)
            #expect(try await run.get("\(path)/attempts?replay_id=\(name)").rows.isEmpty)
            _ = try ProblemAnswer(
                try await run.send("GET", "\(path)/deliveries?replay_id=x"), 400, "invalid_parameter")
            _ = try ProblemAnswer(
                try await run.send("GET", "/v1/consumers/\(replay)"), 404, "not_found")
        }
    }

    @Test("Attempts come newest first, with whatever bytes were answered as text, and by update")
    func attempts() async throws {
        try await ConsumersRun.with { run in
            let (path, id) = try await run.makePaused()
            for number in 1...3 {
                try await run.tamper(
                    """
                    INSERT INTO delivery_attempt (tenant_id, consumer_id, day, position, update_id, attempt,
                        status_code, duration_ms, error, response, at, reply_method, reply_ok, reply_result)
                    VALUES (\(run.tenant.id), \(id), (now() AT TIME ZONE 'UTC')::date, \(Int64(number)),
                        \(Int64(100 + number % 2)), \(Int32(number)), 200, 7, NULL, '\\xff41', now(), 'sendMessage',
                        true, '{}')
                    """)
            }

            let page = try await run.get("\(path)/attempts?limit=2")
            let rest = try await run.get("\(path)/attempts?limit=2&cursor=\(try page.text("next_cursor"))")
            let odd = try await run.get("\(path)/attempts?update_id=101").rows

            #expect(page.rows.map { $0["attempt"] } == [.number("3"), .number("2")])
            #expect(rest.rows.map { $0["attempt"] } == [.number("1")] && rest["has_more"] == .bool(false))
            #expect(odd.map { $0["attempt"] } == [.number("3"), .number("1")])
            #expect(page.rows[0]["response"] == .string("\u{FFFD}A"))
            #expect(page.rows[0]["reply", "method"] == .string("sendMessage"))
            #expect(page.rows[0]["reply", "ok"] == .bool(true))
            guard case .string? = page.rows[0]["id"] else { throw TimedOut("an id that is text") }
        }
    }
}
