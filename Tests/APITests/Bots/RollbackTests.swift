import Auth
import Platform
import Sandbox
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("The rollback to polling", .serialized, .timeLimit(.minutes(10)))
struct RollbackTests {
    @Test("Every bot's webhook is deleted, and set again on the way back")
    func thereAndBack() async throws {
        try await TestTelegram.with { telegram in
            try await RunningApp.with(settings: ["ROOKERY_TELEGRAM_API_URL": telegram.url]) { app in
                let admin = try await app.bearer(app.fixture.platformAdmin())
                let bot = try await Self.bot(at: telegram, app, .webhook)
                try await Self.wait(for: .webhook, of: bot, app)

                let there = try await app.send(
                    "POST", "/v1/platform/bots:use-polling", json: "{}", as: admin)
                try await Self.wait(for: .polling, of: bot, app)
                let back = try await app.send("POST", "/v1/platform/bots:use-webhook", headers: [admin])
                try await Self.wait(for: .webhook, of: bot, app)

                #expect(try JSONAnswer(there, 202)["bots"] == .number("1"))
                #expect(try JSONAnswer(back, 202)["bots"] == .number("1"))
                #expect(try await Self.mode(of: bot, app) == .webhook)
                let trail = try await Self.trail(of: bot.tenant, app)
                #expect(trail == ["bot.rollback platform_admin", "bot.rollback platform_admin"])
            }
        }
    }

    @Test("One tenant's bots only, when one is named; a bot that polled anyway stays as it is")
    func oneTenant() async throws {
        try await RunningApp.with { app in
            let admin = try await app.bearer(app.fixture.platformAdmin())
            let tenant = try await app.fixture.tenant()
            let meant = try await app.fixture.bot(in: tenant)
            let polling = try await app.fixture.bot(in: tenant, mode: .polling)
            let other = try await app.fixture.bot(in: app.fixture.tenant())
            let body = #"{"tenant_id":"\#(tenant.id)"}"#

            let there = try await app.send("POST", "/v1/platform/bots:use-polling", json: body, as: admin)
            let modes = try await (
                Self.mode(of: meant, app), Self.mode(of: polling, app), Self.mode(of: other, app)
            )
            let back = try await app.send("POST", "/v1/platform/bots:use-webhook", json: body, as: admin)

            #expect(try JSONAnswer(there, 202)["bots"] == .number("1"))
            #expect(try JSONAnswer(back, 202)["bots"] == .number("1"))
            #expect(modes == (.polling, .polling, .webhook))
            #expect(try await Self.mode(of: meant, app) == .webhook)
            #expect(try await Self.mode(of: polling, app) == .polling)
        }
    }

    @Test("A bot whose owner has deleted its webhook gets nothing, by polling neither")
    func deletedWebhook() async throws {
        try await RunningApp.with { app in
            let admin = try await app.bearer(app.fixture.platformAdmin())
            let bot = try await app.fixture.bot(in: app.fixture.tenant())
            _ = try await app.fixture.superuser.withConnection { connection in
                try await connection.execute("UPDATE bot SET webhook_enabled = false WHERE id = \(bot.id)")
            }

            let there = try await app.send("POST", "/v1/platform/bots:use-polling", headers: [admin])

            #expect(try JSONAnswer(there, 202)["bots"] == .number("0"))
            #expect(try await Self.mode(of: bot, app) == .webhook)
        }
    }

    @Test("Without a body it is the tenant's that is acted in; null and a contradiction are refused")
    func scope() async throws {
        try await RunningApp.with { app in
            let admin = try await app.bearer(app.fixture.platformAdmin())
            let tenant = try await app.fixture.tenant()
            let meant = try await app.fixture.bot(in: tenant)
            let other = try await app.fixture.bot(in: app.fixture.tenant("Other"))
            try await app.isReady(for: tenant.id)
            let acting = ("Rookery-Tenant", "\(tenant.id)")
            func ask(_ json: String) async throws -> HTTPClientResponse {
                try await app.send(
                    "POST", "/v1/platform/bots:use-polling", json: json, as: admin, headers: [acting])
            }

            let null = try await app.send(
                "POST", "/v1/platform/bots:use-polling", json: #"{"tenant_id":null}"#, as: admin)
            let contradiction = try await ask(#"{"tenant_id":"\#(other.tenant)"}"#)
            let before = try await Self.mode(of: meant, app)
            let there = try await app.send(
                "POST", "/v1/platform/bots:use-polling", headers: [admin, acting])
            let again = try await ask("{}")

            _ = try ProblemAnswer(null, 422, "invalid_fields")
            _ = try ProblemAnswer(contradiction, 422, "invalid_fields")
            #expect(before == .webhook)
            #expect(try JSONAnswer(there, 202)["bots"] == .number("1"))
            #expect(try JSONAnswer(again, 202)["bots"] == .number("0"))
            #expect(try await Self.mode(of: meant, app) == .polling)
            #expect(try await Self.mode(of: other, app) == .webhook)
        }
    }

    @Test("Very many bots are changed a thousand at a time, each with its audit entry")
    func pages() async throws {
        try await RunningApp.with { app in
            let admin = try await app.bearer(app.fixture.platformAdmin())
            let tenant = try await app.fixture.tenant()
            try await Self.insertBots(2500, of: tenant, app)

            let there = try await app.send("POST", "/v1/platform/bots:use-polling", json: "{}", as: admin)
            let again = try await app.send("POST", "/v1/platform/bots:use-polling", json: "{}", as: admin)

            #expect(try JSONAnswer(there, 202)["bots"] == .number("2500"))
            #expect(try JSONAnswer(again, 202)["bots"] == .number("0"))
            let trail = try await Self.trail(of: tenant.id, app)
            #expect(trail == Array(repeating: "bot.rollback platform_admin", count: 3))
        }
    }

    @Test("A rollback that fails on the way is gone on with by the next")
    func goesOn() async throws {
        try await RunningApp.with { app in
            let admin = try await app.bearer(app.fixture.platformAdmin())
            let tenant = try await app.fixture.tenant()
            try await Self.insertBots(1500, of: tenant, app)
            try await Self.execute(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'no'; END $$;
                """, app)
            try await Self.execute(
                """
                CREATE TRIGGER refuse BEFORE UPDATE ON bot FOR EACH ROW
                    WHEN (OLD.telegram_id = 1200) EXECUTE FUNCTION refuse()
                """, app)

            let failed = try await app.send("POST", "/v1/platform/bots:use-polling", json: "{}", as: admin)
            try await Self.execute("DROP TRIGGER refuse ON bot", app)
            let second = try await app.send("POST", "/v1/platform/bots:use-polling", json: "{}", as: admin)

            #expect(failed.status == 500)
            #expect(try JSONAnswer(second, 202)["bots"] == .number("500"))
        }
    }

    @Test("No tenant's id is refused, and so is whoever is no platform admin")
    func refused() async throws {
        try await RunningApp.with { app in
            let admin = try await app.bearer(app.fixture.platformAdmin())
            let owner = try await app.bearer(app.fixture.admin(in: app.fixture.tenant()))

            let unknown = try await app.send(
                "POST", "/v1/platform/bots:use-polling", json: #"{"tenant_id":"\#(ID<Tenant>())"}"#, as: admin
            )
            let forbidden = try await app.send(
                "POST", "/v1/platform/bots:use-polling", json: "{}", as: owner)

            #expect(unknown.status == 422)
            #expect(forbidden.status == 403)
        }
    }

    @Test("The commands do the same, and say how many")
    func commands() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())

            let there = await Self.run(fixture, ["bots", "use-polling", "--all"])
            let mode = try await fixture.database.read(bot.tenant) { tx in try await Bot.find(bot.id, in: tx)
            }
            let back = await Self.run(fixture, ["bots", "use-webhook", "--tenant", "\(bot.tenant)"])
            let wrong = await Self.run(fixture, ["bots", "use-polling"])

            #expect(there.status == .success && there.output == ["1"])
            #expect(mode?.mode == .polling)
            #expect(back.status == .success && back.output == ["1"])
            #expect(wrong.status == .usage)
        }
    }

    // MARK: Pieces

    /// Bots that nobody works on, since they have no row in `bot_webhook`; with Telegram's numbers from 1 on, in the
    /// order of their ids.
    private static func insertBots(_ count: Int64, of tenant: Tenant, _ app: RunningApp) async throws {
        try await execute(
            """
            INSERT INTO bot (tenant_id, id, telegram_id, name, mode)
            SELECT \(tenant.id), lpad(to_hex(n), 32, '0')::uuid, n, 'Bot', 'webhook'
            FROM generate_series(1, \(count)) AS n
            """, app)
    }

    private static func execute(_ sql: SQL, _ app: RunningApp) async throws {
        _ = try await app.fixture.superuser.withConnection { try await $0.execute(sql) }
    }

    private static func bot(at telegram: TestTelegram, _ app: RunningApp, _ mode: Bot.Mode) async throws
        -> Bot
    {
        let profile = try await telegram.sandbox.addBot()
        let tenant = try await app.fixture.tenant()
        return try await app.fixture.database.write(tenant.id) { tx in
            try await Bot.create(
                Bot.New(telegramID: profile.telegramID, username: profile.username, name: "Bot", mode: mode),
                secrets: Bot.NewSecrets(token: profile.token), box: app.fixture.bots, in: tx)
        }
    }

    private static func wait(for transport: Bot.Transport, of bot: Bot, _ app: RunningApp) async throws {
        try await app.fixture.eventually("the bot's transport to be \(transport)", within: .seconds(30)) {
            let found = try await app.fixture.database.read(bot.tenant) { tx in
                try await Bot.find(bot.id, in: tx)
            }
            return found?.transport == transport
        }
    }

    private static func mode(of bot: Bot, _ app: RunningApp) async throws -> Bot.Mode? {
        try await app.fixture.database.read(bot.tenant) { tx in try await Bot.find(bot.id, in: tx)?.mode }
    }

    private static func trail(of tenant: ID<Tenant>, _ app: RunningApp) async throws -> [String] {
        try await app.fixture.superuser.withConnection { connection in
            try await connection.values(
                "SELECT action || ' ' || actor_type FROM audit_event WHERE tenant_id = \(tenant)",
                as: String.self)
        }
    }

    private static func run(_ fixture: Fixture, _ words: [String]) async -> (
        status: API.ExitStatus, output: [String]
    ) {
        let output = Happenings<String>()
        let environment = ProcessEnvironment(
            variables: [
                "ROOKERY_ENV": "development", "DATABASE_URL": (try? fixture.testDatabase.programURL()) ?? "",
                "ROOKERY_MASTER_KEY": fixture.masterKey,
            ], readLine: { nil }, askSecret: nil, print: { output.add($0) }, printError: { _ in })
        let status = await CommandLineFront(words: words, environment: environment).run()
        return (status, output.all)
    }
}
