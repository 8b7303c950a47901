import Platform
import Tenancy

/// Connects a bot, for scripts.
struct BotAddCommand: Command {
    static let name = "bot add"
    static let arguments = "--tenant TENANT_ID --token-stdin [--mode webhook|polling|hybrid] [--take-over]"
    static let summary = "Connects a bot"
    static let help = """
        Connects the bot whose token is on standard input: asks Telegram who it is, stores the token sealed, points \
        its webhook here when ROOKERY_PUBLIC_URL is set, and prints the bot's id and webhook secret. --mode says how its updates are to come in, by a webhook unless it is \
        given; --take-over replaces a webhook of somebody else, which is refused otherwise. When only the \
        webhook could not be set, both are printed all the same, and the status is 1; a running node tries again.
        """

    private let tenant: ID<Tenant>
    private let mode: Bot.Mode
    private let takesOver: Bool

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(
            words, options: ["tenant", "mode"], flags: ["token-stdin", "take-over"])
        try arguments.refusePositional()
        guard let tenant = ID<Tenant>(try arguments.required("tenant")) else {
            throw Arguments.UsageError("--tenant takes a tenant's id, tenant_…")
        }
        guard arguments.has("token-stdin") else { throw Arguments.UsageError("--token-stdin is needed") }
        guard let mode = Bot.Mode(rawValue: arguments.value("mode") ?? "webhook") else {
            throw Arguments.UsageError("--mode takes webhook, polling or hybrid")
        }
        self.tenant = tenant
        self.mode = mode
        takesOver = arguments.has("take-over")
    }

    func run(_ environment: ProcessEnvironment) async throws {
        guard let token = BotToken(environment.readLine() ?? "") else {
            throw Arguments.UsageError("standard input holds no bot token (123456:ABC…)")
        }
        let settings = try Settings(environment: environment.variables)
        let runtime = try Runtime(loops: 1, logger: Logger(minimum: .warning, format: .text))
        let bots = try await OperatorBots(settings: settings, runtime: runtime)
        let (bot, secrets): (Bot, Bot.NewSecrets)
        do {
            (bot, secrets) = try await bots.add(token, to: tenant, mode: mode, takesOver: takesOver)
        } catch is BotConnector.NoPublicAddress {
            throw NoAddress()
        }
        // Before anything else can fail: the secret is shown now or never.
        environment.print("\(bot.id) \(secrets.webhookSecret)")
        guard settings.publicURL != nil else { return }
        let fault: String?
        do { fault = try await bots.settle(bot) } catch { throw WebhookNotSet(reason: "\(error)") }
        if let fault { throw WebhookNotSet(reason: fault) }
    }

    private struct NoAddress: Error, CustomStringConvertible {
        var description: String {
            "there is no address for its webhook: set ROOKERY_PUBLIC_URL, or have it poll with --mode polling"
        }
    }

    private struct WebhookNotSet: Error, CustomStringConvertible {
        let reason: String
        var description: String { "the bot is connected, but its webhook could not be set: \(reason)" }
    }
}
