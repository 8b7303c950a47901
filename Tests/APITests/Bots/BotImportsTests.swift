import Platform
import Tenancy
import TestSupport
import Testing

@testable import API
@testable import Sandbox

@Suite("Importing bots by the API", .timeLimit(.minutes(10)))
struct BotImportsTests {
    private func run(
        perMinute: String = "6000", _ body: @escaping @Sendable (BotsRun) async throws -> Void
    ) async throws {
        try await TestTelegram.with { telegram in
            let settings = [
                "ROOKERY_TELEGRAM_API_URL": telegram.url, "ROOKERY_ONBOARDING_PER_MINUTE": perMinute,
            ]
            try await RunningApp.with(settings: settings) { app in
                let tenant = try await app.fixture.tenant()
                let owner = try await app.bearer(app.fixture.admin(in: tenant))
                try await body(BotsRun(app: app, telegram: telegram, tenant: tenant, owner: owner))
            }
        }
    }

    private func body(_ tokens: [String], mode: String = "polling") -> String {
        let bots = tokens.map { #"{"token":"\#($0)"}"# }.joined(separator: ",")
        return #"{"bots":[\#(bots)],"mode":"\#(mode)"}"#
    }

    @Test("An import is accepted at once, tells how far it has come, and ends with its bots connected")
    func progress() async throws {
        try await run { run in
            var tokens: [String] = []
            for _ in 0..<5 { tokens.append(try await run.telegram.sandbox.addBot().token) }

            let answer = try await run.send("POST", "/v1/bot-imports", json: body(tokens))

            let made = try JSONAnswer(answer, 202)
            let path = "/v1/bot-imports/\(try made.text("id"))"
            #expect(answer.header("Location") == path)
            #expect(made["status"] == .string("running") && made["total"] == .number("5"))
            #expect(made["waiting"] == .number("5") && made["mode"] == .string("polling"))
            #expect(made["estimated_finish_at"] != .null)
            for token in tokens { #expect(!String(decoding: answer.body, as: UTF8.self).contains(token)) }
            try await run.app.fixture.eventually("the end of the import", within: .seconds(60)) {
                try JSONAnswer(try await run.send("GET", path), 200)["status"] == .string("finished")
            }
            let done = try JSONAnswer(try await run.send("GET", path), 200)
            #expect(done["registered"] == .number("5") && done["waiting"] == .number("0"))
            #expect(done["estimated_finish_at"] == .null)
            let items = try JSONAnswer(try await run.send("GET", path + "/items?status=registered"), 200)
            #expect(items.rows.map { $0["place"] } == (0..<5).map { .number("\($0)") })
            let bot = try await run.bot(try #require(items.rows.first).text("bot_id"))
            #expect(bot["mode"] == .string("polling"))
            #expect(try JSONAnswer(try await run.send("GET", "/v1/bot-imports"), 200).rows.count == 1)
        }
    }

    @Test("Items are paged in their order")
    func pages() async throws {
        try await run(perMinute: "1") { run in
            let tokens = (1...5).map { "\($0):\(String(repeating: "x", count: 35))" }
            let made = try JSONAnswer(
                try await run.send("POST", "/v1/bot-imports", json: body(tokens)), 202)
            let path = "/v1/bot-imports/\(try made.text("id"))/items?limit=3"

            let first = try JSONAnswer(try await run.send("GET", path), 200)
            let rest = try JSONAnswer(
                try await run.send("GET", path + "&cursor=\(try first.text("next_cursor"))"), 200)

            #expect((first.rows + rest.rows).map { $0["place"] } == (0..<5).map { .number("\($0)") })
            #expect(rest["has_more"] == .bool(false))
        }
    }

    @Test("A cancelled import connects nothing more")
    func cancelled() async throws {
        try await run(perMinute: "1") { run in
            let tokens = (1...3).map { "\($0):\(String(repeating: "x", count: 35))" }
            let made = try JSONAnswer(
                try await run.send("POST", "/v1/bot-imports", json: body(tokens)), 202)
            let path = "/v1/bot-imports/\(try made.text("id"))"

            let answer = try await run.send("DELETE", path)

            #expect(answer.status == 204)
            let after = try JSONAnswer(try await run.send("GET", path), 200)
            #expect(after["status"] == .string("cancelled") && after["waiting"] == .number("0"))
            #expect(try await run.send("DELETE", path).status == 204)
        }
    }

    @Test("Tokens that cannot be any are refused with their places, and nothing is imported")
    func refused() async throws {
        try await run { run in
            let good = "1:\(String(repeating: "x", count: 35))"

            let answer = try await run.send("POST", "/v1/bot-imports", json: body([good, "nonsense"]))
            let empty = try await run.send("POST", "/v1/bot-imports", json: body([]))

            let problem = try ProblemAnswer(answer, 422, "invalid_fields")
            #expect(String(decoding: answer.body, as: UTF8.self).contains("/bots/1/token"))
            #expect(!String(decoding: answer.body, as: UTF8.self).contains("nonsense"))
            _ = problem
            _ = try ProblemAnswer(empty, 422, "invalid_fields")
            #expect(try JSONAnswer(try await run.send("GET", "/v1/bot-imports"), 200).rows.isEmpty)
        }
    }

    @Test("No more than ten thousand bots of a tenant may wait")
    func room() async throws {
        try await run(perMinute: "1") { run in
            func tokens(_ numbers: ClosedRange<Int>) -> [String] {
                numbers.map { "\($0):\(String(repeating: "x", count: 35))" }
            }
            let made = try JSONAnswer(
                try await run.send("POST", "/v1/bot-imports", json: body(tokens(1...2))), 202)
            let id = try #require(ID<BotImport>(try made.text("id")))
            _ = try await run.app.fixture.superuser.withConnection { connection in
                try await connection.execute("UPDATE bot_import SET total = 9999 WHERE id = \(id)")
            }

            let tooMany = try await run.send("POST", "/v1/bot-imports", json: body(tokens(3...4)))
            let last = try await run.send("POST", "/v1/bot-imports", json: body(tokens(3...3)))
            _ = try await run.send("DELETE", "/v1/bot-imports/\(id)")
            let after = try await run.send("POST", "/v1/bot-imports", json: body(tokens(5...6)))

            _ = try ProblemAnswer(tooMany, 403, "limit_reached")
            #expect(last.status == 202)
            #expect(after.status == 202)
        }
    }

    @Test("Another tenant's import is not there")
    func stranger() async throws {
        try await run(perMinute: "1") { run in
            let tokens = ["1:\(String(repeating: "x", count: 35))"]
            let made = try JSONAnswer(
                try await run.send("POST", "/v1/bot-imports", json: body(tokens)), 202)
            let path = "/v1/bot-imports/\(try made.text("id"))"
            let tenant = try await run.app.fixture.tenant()
            let stranger = try await run.app.bearer(run.app.fixture.admin(in: tenant))

            for (method, path) in [("GET", path), ("GET", path + "/items"), ("DELETE", path)] {
                let answer = try await run.app.send(method, path, headers: [stranger])
                _ = try ProblemAnswer(answer, 404, "not_found")
            }
        }
    }
}
