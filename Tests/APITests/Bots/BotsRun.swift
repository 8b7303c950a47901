import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API
@testable import Sandbox

/// The whole program with a stand-in for Telegram, and an owner who connects bots.
struct BotsRun: Sendable {
    let app: RunningApp
    let telegram: TestTelegram
    let tenant: Tenant
    let owner: (String, String)

    static func with(
        limits: TenantLimits = .none, telegram configuration: SandboxConfiguration = SandboxConfiguration(),
        settings: [String: String] = [:], _ body: @escaping @Sendable (BotsRun) async throws -> Void
    ) async throws {
        try await TestTelegram.with(configuration) { telegram in
            let settings = settings.merging(["ROOKERY_TELEGRAM_API_URL": telegram.url]) { $1 }
            try await RunningApp.with(settings: settings) { app in
                let tenant = try await app.fixture.tenant(limits: limits)
                let owner = try await app.bearer(app.fixture.admin(in: tenant))
                try await body(BotsRun(app: app, telegram: telegram, tenant: tenant, owner: owner))
            }
        }
    }

    // MARK: Asking

    func connect(_ token: String, mode: String = "webhook", more: String = "") async throws
        -> HTTPClientResponse
    {
        try await app.send(
            "POST", "/v1/bots", json: #"{"token":"\#(token)","mode":"\#(mode)"\#(more)}"#, as: owner)
    }

    /// A bot that Telegram has just made known, connected.
    func newBot(mode: String = "webhook", more: String = "") async throws -> Connected {
        let profile = try await telegram.sandbox.addBot()
        let answer = try JSONAnswer(try await connect(profile.token, mode: mode, more: more), 201)
        return Connected(id: try answer.text("id"), profile: profile)
    }

    func send(_ method: String, _ path: String, json: String? = nil) async throws -> HTTPClientResponse {
        guard let json else { return try await app.send(method, path, headers: [owner]) }
        return try await app.send(method, path, json: json, as: owner)
    }

    func bot(_ id: String) async throws -> JSONAnswer {
        try JSONAnswer(try await send("GET", "/v1/bots/\(id)"), 200)
    }

    struct Connected: Sendable {
        let id: String
        let profile: SandboxBotProfile
        var path: String { "/v1/bots/\(id)" }
        var telegramID: Int64 { profile.telegramID }
    }

    // MARK: At Telegram

    /// The URL of the webhook; nil when there is none.
    func webhook(of bot: Connected) async throws -> String? {
        try await telegram.sandbox.state(of: bot.telegramID)["webhook"]?["url"]?.stringValue
    }

    func secret(of bot: Connected) async throws -> String? {
        try await telegram.sandbox.state(of: bot.telegramID)["secret_token"]?.stringValue
    }

    func url(of bot: Connected) -> String { "\(app.app.url)/telegram/webhook/\(bot.id)" }

    func fail(
        _ method: String, of telegramID: Int64, status: Int, _ description: String = "Bad Gateway",
        times: Int? = nil
    ) async throws {
        let refusal = BotAPIRefusal(status: status, description: description)
        _ = try await telegram.sandbox.setFault(
            SandboxFault(method: method.lowercased(), kind: .error(refusal), remaining: times), of: telegramID
        )
    }

    /// As somebody else who has the token does.
    func setForeignWebhook(_ profile: SandboxBotProfile) async throws {
        try await call("setWebhook", #"{"url":"https://elsewhere.test/\#(profile.token)"}"#, profile)
    }

    func call(_ method: String, _ json: String, _ profile: SandboxBotProfile) async throws {
        let client = try HTTPClient(loop: app.fixture.loop, addressGuard: AddressGuard(allowsPrivate: true))
        defer { client.close() }
        let telegram = BotAPIClient(client: client, baseURL: telegram.url)
        // Telegram takes one such call a second of a bot.
        try await app.fixture.eventually("Telegram to take \(method)", within: .seconds(30)) {
            do {
                _ = try await telegram.call(method, Array(json.utf8), token: BotToken(profile.token)!)
                return true
            } catch let error as BotAPIError where error.code == 429 {
                return false
            }
        }
    }

    /// The actions in the tenant's trail, oldest first.
    func trail() async throws -> [String] {
        try await app.fixture.superuser.withConnection { connection in
            try await connection.all(
                """
                SELECT action FROM audit_event WHERE tenant_id = \(tenant.id)
                    AND (action LIKE 'bot.%' OR action LIKE 'webhook.%') ORDER BY id
                """, as: Action.self
            ).map(\.name)
        }
    }

    private struct Action: RowDecodable {
        let name: String
        init(row: inout Row) throws { name = try row.next() }
    }
}
