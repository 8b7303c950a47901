import Auth
import Platform
import Tenancy

/// Connects bots: Telegram is asked who the bot is, then it is stored; its webhook is set apart. The audit
/// trail says that the operator did it.
struct BotOnboarding: Sendable {
    enum Failure: Error, CustomStringConvertible {
        case alreadyRegistered

        var description: String {
            switch self {
            case .alreadyRegistered: "this bot is connected already"
            }
        }
    }

    private let loop: EventLoop
    private let database: Database
    private let box: BotSecrets
    private let telegram: BotAPIClient
    private let trail: AuditTrail

    init(settings: Settings, runtime: Runtime) async throws {
        let loop = runtime.loops[0]
        self.loop = loop
        database = try DatabasePools.make(settings, loop: loop, runtime: runtime)
        let box = SecretBox(keyRing: settings.masterKey)
        self.box = BotSecrets(box: box)
        trail = AuditTrail(database: database, box: box)
        telegram = BotAPIClient(
            client: try await loop.run {
                try HTTPClient(loop: loop, addressGuard: AddressGuard(allowsPrivate: true))
            },
            baseURL: settings.telegramAPIURL)
    }

    /// Leaves the webhook alone: show the secrets first, which cannot be shown again.
    func add(_ token: BotToken, to tenant: ID<Tenant>) async throws -> (Bot, Bot.NewSecrets) {
        // On the loop: HTTP client and pools belong to it. Awaited right here.
        try await Task(executorPreference: loop) {
            let profile = try await telegram.getMe(token: token)
            let secrets = Bot.NewSecrets(token: token.secret)
            return (try await create(profile, secrets, tenant), secrets)
        }.value
    }

    private func create(_ profile: BotProfile, _ secrets: Bot.NewSecrets, _ tenant: ID<Tenant>) async throws
        -> Bot
    {
        do {
            return try await database.write(tenant) { tx in
                let bot = try await Bot.create(
                    Bot.New(
                        telegramID: profile.telegramID, username: profile.username, name: profile.name,
                        mode: .webhook),
                    secrets: secrets, box: box, in: tx)
                try await trail.record(
                    AuditEvent(.botCreate, of: AuditTarget(bot.id)), by: .operator, from: .commandLine, in: tx
                )
                return bot
            }
        } catch let error as PostgresError where error.violates("bot_registration_once") {
            throw Failure.alreadyRegistered
        }
    }

    /// - Parameter publicURL: where Telegram reaches this installation.
    func setWebhook(of bot: Bot, _ secrets: Bot.NewSecrets, _ token: BotToken, _ publicURL: String)
        async throws
    {
        let settings = WebhookSettings(
            url: "\(publicURL)/telegram/webhook/\(bot.id)", secretToken: secrets.webhookSecret)
        // On the loop, as above.
        _ = try await Task(executorPreference: loop) {
            try await telegram.setWebhook(settings, token: token)
        }.value
    }
}
