import Auth
import Platform
import Synchronization
import Tenancy
import TestSupport

@testable import API

/// The whole program on free ports, against a database of the test's own.
final class RunningApp: Sendable {
    let app: App
    let fixture: Fixture
    private let client: HTTPClient
    private let shutdown: ShutdownSignal
    private let running: Task<Void, Never>
    private let runtime: Runtime

    static let webhookSecret = "crow"

    /// - Parameter stopsClock: whether no time passes for the API's limits.
    static func with(
        settings changes: [String: String] = [:], passwordCost: PasswordHash.Cost = Fixture.passwordCost,
        stopsClock: Bool = false, _ body: @escaping @Sendable (RunningApp) async throws -> Void
    ) async throws {
        try await Fixture.with { fixture in
            try await run(on: fixture, changes, passwordCost, stopsClock, body)
        }
    }

    /// Another node on the same database, until `body` ends.
    func withAnother(
        settings changes: [String: String] = [:],
        _ body: @escaping @Sendable (RunningApp) async throws -> Void
    ) async throws {
        try await Self.run(on: fixture, changes, Fixture.passwordCost, false, body)
    }

    private static func run(
        on fixture: Fixture, _ changes: [String: String], _ passwordCost: PasswordHash.Cost,
        _ stopsClock: Bool, _ body: @escaping @Sendable (RunningApp) async throws -> Void
    ) async throws {
        let app = try await RunningApp(fixture, changes, passwordCost, stopsClock)
        do {
            try await body(app)
        } catch {
            await app.stop()
            throw error
        }
        await app.stop()
    }

    private init(
        _ fixture: Fixture, _ changes: [String: String], _ passwordCost: PasswordHash.Cost, _ stopsClock: Bool
    ) async throws {
        self.fixture = fixture
        var environment = [
            "ROOKERY_ENV": "development", "ROOKERY_LISTEN": "127.0.0.1:0",
            "ROOKERY_ADMIN_LISTEN": "127.0.0.1:0",
            "DATABASE_URL": try fixture.testDatabase.programURL(), "ROOKERY_LOOPS": "2",
            "ROOKERY_MASTER_KEY": fixture.masterKey, "ROOKERY_LOG_LEVEL": "error",
            // Nobody listens there: a test that needs Telegram says where.
            "ROOKERY_TELEGRAM_API_URL": "http://127.0.0.1:9",
        ]
        environment.merge(changes) { $1 }
        var settings = try Settings(environment: environment)
        settings.passwordCost = passwordCost
        settings.passwordNiceness = 0
        var runtime = try Runtime(loops: settings.loops, logger: fixture.logger)
        if stopsClock {
            let now = ContinuousClock.now
            runtime.now = { now }
        }
        self.runtime = runtime
        let app = try await App(settings: settings, runtime: runtime)
        self.app = app
        let shutdown = ShutdownSignal()
        self.shutdown = shutdown
        client = try HTTPClient(loop: fixture.loop, addressGuard: AddressGuard(allowsPrivate: true))
        try await app.start()
        running = Task { await app.run(until: shutdown) }
    }

    private func stop() async {
        client.close()
        shutdown.raise()
        await running.value
        for loop in runtime.loops { loop.stop() }
        runtime.blocking.stop()
    }

    func send(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8] = [],
        admin: Bool = false
    ) async throws -> HTTPClientResponse {
        try await client.send(
            HTTPClientRequest(
                method: method, url: (admin ? app.adminURL : app.url) + path, headers: headers, body: body,
                connectTimeout: .seconds(60), timeout: .seconds(60), responseLimit: 1 << 20))
    }

    func get(_ path: String) async throws -> HTTPClientResponse { try await send("GET", path) }

    func metrics() async throws -> String {
        String(decoding: try await send("GET", "/metrics", admin: true).body, as: UTF8.self)
    }

    /// Posts as Telegram does.
    func post(
        _ body: String, to bot: String, secret: String? = webhookSecret
    ) async throws -> HTTPClientResponse {
        try await post(Array(body.utf8), to: bot, secret: secret)
    }

    func post(
        _ body: [UInt8], to bot: String, secret: String? = webhookSecret
    ) async throws -> HTTPClientResponse {
        var headers = [("Content-Type", "application/json")]
        if let secret { headers.append(("X-Telegram-Bot-Api-Secret-Token", secret)) }
        return try await send("POST", "/telegram/webhook/\(bot)", headers: headers, body: body)
    }

    /// A bot that the program knows already.
    func bot(limits: TenantLimits = .none) async throws -> Bot {
        let bot = try await fixture.bot(in: fixture.tenant(limits: limits), secret: Self.webhookSecret)
        try await fixture.eventually("the bot in the directory") {
            self.app.directory.tenant(of: bot.id) != nil
        }
        return bot
    }
}
