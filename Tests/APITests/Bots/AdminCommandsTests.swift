import Auth
import Platform
import Sandbox
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Admins' commands to a bot", .serialized, .timeLimit(.minutes(10)))
struct AdminCommandsTests {
    /// A tenant whose owner has signed in, a bot that Telegram knows, and a consumer of the bot's.
    private struct Scene: Sendable {
        let app: RunningApp
        let telegram: TestTelegram
        let receiver: TestReceiver
        let bot: Bot
        let owner: (String, String)

        static func with(
            takesCommands: Bool = true, _ body: @escaping @Sendable (Scene) async throws -> Void
        ) async throws {
            try await TestTelegram.with { telegram in
                try await RunningApp.with(settings: ["ROOKERY_TELEGRAM_API_URL": telegram.url]) { app in
                    let scene = try await Scene(app, telegram, takesCommands)
                    try await body(scene)
                    await scene.receiver.stop()
                }
            }
        }

        private init(_ app: RunningApp, _ telegram: TestTelegram, _ takesCommands: Bool) async throws {
            self.app = app
            self.telegram = telegram
            let fixture = app.fixture
            let tenant = try await fixture.tenant()
            let profile = try await telegram.sandbox.addBot()
            let made = try await fixture.database.write(tenant.id) { tx in
                var new = Bot.New(
                    telegramID: profile.telegramID, username: profile.username, name: "Rook", mode: .webhook)
                new.takesAdminCommands = takesCommands
                return try await Bot.create(
                    new,
                    secrets: Bot.NewSecrets(token: profile.token, webhookSecret: RunningApp.webhookSecret),
                    box: fixture.bots, in: tx)
            }
            bot = made
            receiver = try await TestReceiver(on: fixture.loop)
            _ = try await fixture.consumer(of: bot, url: receiver.url)
            owner = try await app.bearer(fixture.admin(in: tenant))
            try await fixture.eventually("the bot in the directory") {
                app.app.directory.tenant(of: made.id) != nil
            }
        }

        /// - Returns: the status.
        func write(_ text: String, _ id: Int, user: Int64 = 1001, chat: String = "private") async throws
            -> Int
        {
            try await app.post(
                #"{"update_id":\#(id),"message":{"message_id":1,"date":1,"from":{"id":\#(user),"is_bot":false,"first_name":"A"},"chat":{"id":\#(user),"type":"\#(chat)"},"text":"\#(text)"}}"#,
                to: "\(bot.id)"
            ).status
        }

        func link() async throws {
            let answer = try await app.send("POST", "/v1/auth/telegram-link", headers: [owner])
            #expect(try await write(try JSONAnswer(answer, 201).text("command"), 1) == 200)
            _ = try await messages(1)
        }

        /// The texts that the bot has sent, once there are as many.
        func messages(_ count: Int) async throws -> [String] {
            var calls: [RecordedCall] = []
            try await app.fixture.eventually("\(count) messages", within: .seconds(30)) {
                calls = try await telegram.sandbox.calls(of: bot.telegramID, method: "sendMessage")
                return calls.count >= count
            }
            return calls.map(\.parametersText)
        }

        func count(_ sql: SQL) async throws -> Int64? {
            try await app.fixture.superuser.withConnection { connection in
                try await connection.value(sql, as: Int64.self)
            }
        }

        func kinds() async throws -> [String] {
            try await app.fixture.superuser.withConnection { connection in
                try await connection.values(
                    "SELECT kind FROM update_log ORDER BY update_id", as: String.self)
            }
        }
    }

    @Test("A linked admin is told how the webhook is; the commands are logged and no consumer gets them")
    func status() async throws {
        try await Scene.with { scene in
            try await scene.link()
            let link = try JSONAnswer(
                try await scene.app.get("/v1/auth/telegram-link", as: scene.owner), 200)

            #expect(try await scene.write("/webhook_status", 2) == 200)
            #expect(try await scene.write("hello", 3) == 200)

            let sent = try await scene.messages(2)
            let received = try await scene.receiver.receptions.wait(
                "the message", on: scene.app.fixture.loop, within: .seconds(30)
            ) { !$0.isEmpty }
            #expect(link["linked"] == .bool(true))
            #expect(link["telegram_user_id"] == .number("1001"))
            #expect(sent[1].contains("Mode: webhook"))
            #expect(sent[1].contains("Pending updates: 0"))
            #expect(received.map(\.updateID) == [3])
            #expect(try await scene.kinds() == ["admin_command", "admin_command", "message"])
            let events = try await scene.count(
                "SELECT count(*) FROM audit_event WHERE action = 'telegram_link.create'")
            #expect(events == 1)
        }
    }

    @Test("From anybody else, in a group, or with a wrong code it is an ordinary message")
    func ordinary() async throws {
        try await Scene.with { scene in
            try await scene.link()

            #expect(try await scene.write("/webhook_status", 2, user: 5) == 200)
            #expect(try await scene.write("/webhook_status", 3, chat: "group") == 200)
            #expect(try await scene.write("/link 0123456789", 4) == 200)

            let received = try await scene.receiver.receptions.wait(
                "three messages", on: scene.app.fixture.loop, within: .seconds(30)
            ) { $0.count >= 3 }
            #expect(Set(received.map(\.updateID)) == [2, 3, 4])
            #expect(try await scene.messages(1).count == 1)
        }
    }

    @Test("A bot that has it switched off takes no commands")
    func off() async throws {
        try await Scene.with(takesCommands: false) { scene in
            let answer = try await scene.app.send(
                "POST", "/v1/auth/telegram-link", headers: [scene.owner])
            let command = try JSONAnswer(answer, 201).text("command")

            #expect(try await scene.write(command, 1) == 200)

            _ = try await scene.receiver.receptions.wait(
                "the message", on: scene.app.fixture.loop, within: .seconds(30)
            ) { !$0.isEmpty }
            #expect(try await scene.kinds() == ["message"])
            #expect(try await scene.count("SELECT count(*) FROM telegram_link") == 0)
        }
    }

    @Test("A link is taken back by its admin, with the code that was not used")
    func unlink() async throws {
        try await Scene.with { scene in
            try await scene.link()
            let offer = try await scene.app.send("POST", "/v1/auth/telegram-link", headers: [scene.owner])
            let command = try JSONAnswer(offer, 201).text("command")

            let deleted = try await scene.app.send(
                "DELETE", "/v1/auth/telegram-link", headers: [scene.owner])
            _ = try await scene.write(command, 2)
            _ = try await scene.write("/webhook_status", 3)

            #expect(deleted.status == 204)
            let link = try JSONAnswer(
                try await scene.app.get("/v1/auth/telegram-link", as: scene.owner), 200)
            #expect(link["linked"] == .bool(false) && link["telegram_user_id"] == .null)
            #expect(try await scene.kinds() == ["admin_command", "message", "message"])
        }
    }

    @Test("That a code was given out, and taken back, is in the audit trail, and the code is not")
    func audited() async throws {
        try await Scene.with { scene in
            let offer = try await scene.app.send("POST", "/v1/auth/telegram-link", headers: [scene.owner])
            let code = try JSONAnswer(offer, 201).text("code")
            _ = try await scene.app.send("DELETE", "/v1/auth/telegram-link", headers: [scene.owner])
            _ = try await scene.app.send("DELETE", "/v1/auth/telegram-link", headers: [scene.owner])

            let offers = try await scene.count(
                "SELECT count(*) FROM audit_event WHERE action = 'telegram_link.offer'")
            let deletions = try await scene.count(
                "SELECT count(*) FROM audit_event WHERE action = 'telegram_link.delete'")
            let shown = try await scene.count(
                "SELECT count(*) FROM audit_event WHERE strpos(audit_event::text, \(code)) > 0")
            #expect(offers == 1 && deletions == 1 && shown == 0)
        }
    }

    @Test("A code is used up before it is in the log, also when nobody can be answered")
    func unanswered() async throws {
        try await Scene.with { scene in
            let offer = try await scene.app.send("POST", "/v1/auth/telegram-link", headers: [scene.owner])
            let command = try JSONAnswer(offer, 201).text("command")
            _ = try await scene.app.fixture.superuser.withConnection { connection in
                try await connection.execute("UPDATE bot SET token_sealed = decode(repeat('00', 60), 'hex')")
            }

            #expect(try await scene.write(command, 1) == 200)

            #expect(try await scene.count("SELECT count(*) FROM telegram_link_code") == 0)
            #expect(try await scene.count("SELECT count(*) FROM telegram_link") == 1)
            #expect(try await scene.kinds() == ["admin_command"])
        }
    }

    @Test("Links are for a tenant's admins: not for API keys, nor for platform admins")
    func admins() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let key = try await app.bearer(key: [.viewBots], in: tenant)
            let platform = try await app.bearer(app.fixture.platformAdmin())
            let named = ("Rookery-Tenant", "\(tenant.id)")

            let byKey = try await app.send("POST", "/v1/auth/telegram-link", headers: [key])
            let nowhere = try await app.send("POST", "/v1/auth/telegram-link", headers: [platform])
            let within = try await app.send("POST", "/v1/auth/telegram-link", headers: [platform, named])

            #expect([byKey, nowhere, within].map(\.status) == [403, 400, 403])
        }
    }
}
