import Platform
import Tenancy

/// Connects bots: Telegram is asked who the bot is, then it is stored, then its webhook is set.
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

    init(settings: Settings, runtime: Runtime) async throws {
        let loop = runtime.loops[0]
        self.loop = loop
        database = try DatabasePools.make(settings, loop: loop, runtime: runtime)
        box = BotSecrets(box: SecretBox(keyRing: settings.masterKey))
        telegram = BotAPIClient(
            client: try await loop.run {
                try HTTPClient(loop: loop, addressGuard: AddressGuard(allowsPrivate: true))
            },
            baseURL: settings.telegramAPIURL)
    }

    /// - Parameter publicURL: where Telegram reaches this installation; nil leaves the webhook alone.
    func add(_ token: BotToken, to tenant: ID<Tenant>, publicURL: String?) async throws -> (
        Bot, Bot.NewSecrets
    ) {
        // On the loop: HTTP client and pools belong to it. Awaited right here.
        try await Task(executorPreference: loop) {
            let profile = try await telegram.getMe(token: token)
            let secrets = Bot.NewSecrets(token: token.secret)
            let bot = try await create(profile, secrets, tenant)
            if let publicURL { try await setWebhook(of: bot, secrets, token, publicURL) }
            return (bot, secrets)
        }.value
    }

    private func create(_ profile: BotProfile, _ secrets: Bot.NewSecrets, _ tenant: ID<Tenant>) async throws
        -> Bot
    {
        do {
            return try await database.write(tenant) { tx in
                try await Bot.create(
                    telegramID: profile.telegramID, username: profile.username, name: profile.name,
                    mode: .webhook,
                    secrets: secrets, box: box, in: tx)
            }
        } catch let error as PostgresError where error.violates("bot_registration_once") {
            throw Failure.alreadyRegistered
        }
    }

    func setWebhook(of bot: Bot, _ secrets: Bot.NewSecrets, _ token: BotToken, _ publicURL: String)
        async throws
    {
        try await telegram.setWebhook(
            WebhookSettings(
                url: "\(publicURL)/telegram/webhook/\(bot.id)", secretToken: secrets.webhookSecret),
            token: token)
    }
}
