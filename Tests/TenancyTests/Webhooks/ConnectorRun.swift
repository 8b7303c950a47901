import Platform
import TestSupport

@testable import Sandbox
@testable import Tenancy

/// A connector on a test's database, with a stand-in for Telegram.
struct ConnectorRun: Sendable {
    let fixture: Fixture
    let telegram: TestTelegram
    let connector: BotConnector
    let address = PublicAddress("https://rookery.test")
    let recorded = Happenings<BotEvent>()
    let told = Happenings<BotEvent>()
    let client: HTTPClient

    static func with(_ body: @escaping @Sendable (ConnectorRun) async throws -> Void) async throws {
        try await Fixture.with { fixture in
            try await TestTelegram.with { telegram in
                let run = try ConnectorRun(fixture, telegram)
                defer { run.client.close() }
                try await body(run)
            }
        }
    }

    private init(_ fixture: Fixture, _ telegram: TestTelegram) throws {
        self.fixture = fixture
        self.telegram = telegram
        client = try HTTPClient(loop: fixture.loop, addressGuard: AddressGuard(allowsPrivate: true))
        let (recorded, told) = (recorded, told)
        connector = BotConnector(
            loop: fixture.loop, database: fixture.database,
            telegram: BotAPIClient(client: client, baseURL: telegram.url), secrets: fixture.bots,
            address: address,
            events: BotEvents(
                record: { event, _, _ in recorded.add(event) }, tell: { event, _ in told.add(event) }),
            schedule: CheckSchedule())
    }

    /// A bot that Telegram knows and that has just been connected: nothing has been done about its webhook.
    func newBot(_ mode: Bot.Mode, in tenant: Tenant? = nil, webhookSecret: String = "crow") async throws
        -> Bot
    {
        let profile = try await telegram.sandbox.addBot()
        let owner: Tenant
        if let tenant { owner = tenant } else { owner = try await fixture.tenant() }
        return try await fixture.database.write(owner.id) { tx in
            try await Bot.create(
                Bot.New(telegramID: profile.telegramID, username: profile.username, name: "Bot", mode: mode),
                secrets: Bot.NewSecrets(token: profile.token, webhookSecret: webhookSecret),
                box: fixture.bots, in: tx)
        }
    }

    /// As somebody else who has the token does.
    func setForeignWebhook(of bot: Bot, url: String = "https://elsewhere.test/hook") async throws {
        let token = try await telegram.sandbox.profile(of: bot.telegramID).token
        let other = BotAPIClient(client: client, baseURL: telegram.url)
        try await fixture.eventually("a call that is not too soon after the last one") {
            do {
                try await other.setWebhook(WebhookSettings(url: url), token: BotToken(token)!)
                return true
            } catch let error as BotAPIError where error.code == 429 {
                return false
            }
        }
    }
}
