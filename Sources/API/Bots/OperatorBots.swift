import Auth
import Platform
import Tenancy

/// Connects bots on the operator's word, from the command line: the same way as the API's, and the audit trail says
/// who did it.
struct OperatorBots: Sendable {
    private let loop: EventLoop
    private let database: Database
    private let trail: AuditTrail
    private let connector: BotConnector

    init(settings: Settings, runtime: Runtime) async throws {
        let loop = runtime.loops[0]
        self.loop = loop
        database = try DatabasePools.make(settings, loop: loop, runtime: runtime)
        let box = SecretBox(keyRing: settings.masterKey)
        trail = AuditTrail(database: database, box: box)
        let client = try await loop.run {
            try HTTPClient(loop: loop, addressGuard: AddressGuard(allowsPrivate: true))
        }
        connector = BotConnector(
            settings, loop: loop, database: database,
            telegram: BotAPIClient(client: client, baseURL: settings.telegramAPIURL), box: box,
            address: PublicAddress(
                settings.publicURL, isPollingWithout: settings.environment == .development),
            events: BotEvents(trail: trail, logger: runtime.logger))
    }

    /// Nothing is done about its webhook yet. A running node would do it.
    /// - Throws: `BotConnector.NoPublicAddress` and what else connecting a bot may come to.
    func add(
        _ token: BotToken, to tenant: ID<Tenant>, mode: Bot.Mode = .webhook, takesOver: Bool = false
    ) async throws -> (Bot, Bot.NewSecrets) {
        // On the loop: HTTP client and pools belong to it. Awaited right here.
        try await Task(executorPreference: loop) {
            let examined = try await connector.examine(token, takesOver: takesOver)
            let secrets = Bot.NewSecrets(token: token.secret)
            do {
                var new = examined.bot(name: nil, mode: mode)
                new.takesOver = takesOver
                let bot = try await create(new, secrets, tenant, takenFrom: examined.foreignHost)
                return (bot, secrets)
            } catch let error as PostgresError where error.violates("bot_registration_once") {
                throw BotConnector.AlreadyRegistered()
            }
        }.value
    }

    private func create(
        _ new: Bot.New, _ secrets: Bot.NewSecrets, _ tenant: ID<Tenant>, takenFrom host: String?
    ) async throws -> Bot {
        try await database.write(tenant) { tx in
            let bot = try await Bot.create(new, secrets: secrets, box: connector.secrets, in: tx)
            try connector.requireAddress(for: bot)
            try await trail.record(.created(bot), by: .operator, from: .commandLine, in: tx)
            if let host {
                try await trail.record(
                    AuditEvent(.takenOver(host: host), of: bot), by: .operator, from: .commandLine, in: tx)
            }
            return bot
        }
    }

    /// Sets the webhook, where there is an address for it.
    /// - Returns: why it is not set so far; nil when it is.
    func settle(_ bot: Bot) async throws -> String? {
        // On the loop, as above.
        try await Task(executorPreference: loop) {
            let settled = try await connector.settle(bot.key)
            return settled?.1.state == .healthy ? nil : settled?.1.reason
        }.value
    }
}
