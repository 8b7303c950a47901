import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Health of bots", .serialized, .timeLimit(.minutes(10)))
struct BotsHealthTests {
    private static func update(_ id: Int) -> String {
        #"{"update_id":\#(id),"message":{"chat":{"id":5},"text":"hello"}}"#
    }

    @Test("A bot's health tells what came in, what was turned away, what went out, and how long it took")
    func health() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant(
                limits: TenantLimits(overrides: [.ingestPerMinutePerBot: 5]))
            let bot = try await app.fixture.bot(in: tenant, secret: RunningApp.webhookSecret)
            let receiver = try await TestReceiver(on: app.fixture.loop)
            _ = try await app.fixture.consumer(of: bot, url: receiver.url)
            let owner = try await app.bearer(app.fixture.admin(in: tenant, role: .support))
            try await app.fixture.eventually("the bot in the directory") {
                app.app.directory.tenant(of: bot.id) != nil
            }
            let path = "/v1/bots/\(bot.id)/health"
            let early = try JSONAnswer(try await app.get(path, as: owner), 200)

            for (body, secret) in [
                (Self.update(1), RunningApp.webhookSecret), (Self.update(2), RunningApp.webhookSecret),
                (Self.update(1), RunningApp.webhookSecret), ("{", RunningApp.webhookSecret),
                ("[]", RunningApp.webhookSecret), (Self.update(3), RunningApp.webhookSecret),
                (Self.update(4), "wrong"), (String(repeating: " ", count: 100_000), "wrong"),
            ] { _ = try await app.post(body, to: "\(bot.id)", secret: secret) }

            var health = early
            try await app.fixture.eventually("the counts", within: .seconds(60)) {
                health = try JSONAnswer(try await app.get(path, as: owner), 200)
                return health["updates", "repeated"] == .number("1")
                    && health["delivery", "count"] == .number("2")
                    && health["errors", "count"] == .number("5")
            }
            #expect(early["ingest_ms", "p50"] == .null && early["last_update_at"] == .null)
            #expect(early["errors", "share"] == .number("0.0"))
            #expect(health["updates", "count"] == .number("2"))
            #expect(health["errors", "wrong_secret"] == .number("2"))
            #expect(health["errors", "invalid"] == .number("2"))
            #expect(health["errors", "limited"] == .number("1"))
            #expect(health["errors", "share"] == .number("0.625"))
            #expect(health["delivery", "share_failed"] == .number("0.0"))
            #expect(health["transport"] == .string("webhook"))
            for name in ["ingest_ms", "delivery_ms"] {
                guard case .number? = health[name, "p99"] else {
                    Issue.record("no percentile")
                    continue
                }
            }
            let list = try JSONAnswer(try await app.get("/v1/health/webhooks", as: owner), 200)
            let row = try #require(list.rows.first)
            for name in ["updates", "errors", "delivery"] {
                for member in ["count", "share", "share_failed"] {
                    #expect(row[name, member] == health[name, member], "\(name).\(member)")
                }
            }
            for name in ["ingest_ms", "delivery_ms"] { #expect(row[name, "p95"] == health[name, "p95"]) }
            guard case .number? = row["updates", "per_minute"] else {
                Issue.record("no updates a minute")
                return
            }
            await receiver.stop()
        }
    }

    @Test(
        "The list of webhooks is the tenant's own; a platform admin sees everybody's, or those of one tenant")
    func list() async throws {
        try await RunningApp.with { app in
            let (tenant, other) = (try await app.fixture.tenant(), try await app.fixture.tenant("Other"))
            let bot = try await app.fixture.bot(in: tenant)
            let foreign = try await app.fixture.bot(in: other)
            _ = try await app.fixture.superuser.withConnection { connection in
                try await connection.execute(
                    "UPDATE bot_webhook SET state = 'failing', reason = 'why' WHERE bot_id = \(bot.id)")
            }
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let platform = try await app.bearer(app.fixture.platformAdmin())
            try await app.isReady(for: other.id)
            func bots(_ query: String, _ caller: (String, String), _ more: [(String, String)] = [])
                async throws -> [JSONValue?]
            {
                let answer = try await app.send(
                    "GET", "/v1/health/webhooks" + query, headers: [caller] + more)
                return try JSONAnswer(answer, 200).rows.map { $0["bot_id"] }
            }
            let (own, theirs) = (JSONValue.string("\(bot.id)"), JSONValue.string("\(foreign.id)"))

            #expect(try await bots("", owner) == [own])
            #expect(try await bots("?state=failing", owner) == [own])
            #expect(try await bots("?state=healthy", owner).isEmpty)
            #expect(try await bots("", platform) == [theirs, own])
            #expect(try await bots("", platform, [("Rookery-Tenant", "\(other.id)")]) == [theirs])
            let page = try JSONAnswer(try await app.get("/v1/health/webhooks?limit=1", as: platform), 200)
            let cursor = try page.text("next_cursor")
            #expect(try await bots("?limit=1&cursor=\(cursor)", platform) == [own])
            let abroad = try await app.send(
                "GET", "/v1/health/webhooks?limit=1&cursor=\(cursor)", headers: [owner])
            _ = try ProblemAnswer(abroad, 400, "invalid_cursor")
            _ = try ProblemAnswer(
                try await app.get("/v1/health/webhooks?state=ill", as: owner), 400, "invalid_parameter")
            let key = try await app.bearer(key: [.viewUpdates], in: tenant)
            _ = try ProblemAnswer(try await app.get("/v1/health/webhooks", as: key), 403, "forbidden")
            let hidden = try await app.get("/v1/bots/\(foreign.id)/health", as: owner)
            _ = try ProblemAnswer(hidden, 404, "not_found")
        }
    }
}
