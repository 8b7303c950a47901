import Platform
import Tenancy

/// Connects a bot, for scripts.
struct BotAddCommand: Command {
    static let name = "bot add"
    static let help = """
        --tenant TENANT_ID --token-stdin
        Connects the bot whose token is on standard input: asks Telegram who it is, stores the token sealed, points \
        its webhook here when ROOKERY_PUBLIC_URL is set, and prints the bot's id and webhook secret.
        """

    private let tenant: ID<Tenant>

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, options: ["tenant"], flags: ["token-stdin"])
        try arguments.refusePositional()
        guard let tenant = ID<Tenant>(try arguments.required("tenant")) else {
            throw Arguments.UsageError("--tenant takes a tenant's id, tenant_…")
        }
        guard arguments.has("token-stdin") else { throw Arguments.UsageError("--token-stdin is needed") }
        self.tenant = tenant
    }

    func run(_ environment: ProcessEnvironment) async throws {
        guard let token = BotToken(readLine() ?? "") else {
            throw Arguments.UsageError("standard input holds no bot token (123456:ABC…)")
        }
        let settings = try Settings(environment: environment.variables)
        let runtime = try Runtime(loops: 1, logger: Logger(minimum: .warning, format: .text))
        let onboarding = try await BotOnboarding(settings: settings, runtime: runtime)
        let (bot, secrets) = try await onboarding.add(token, to: tenant, publicURL: settings.publicURL)
        environment.print("\(bot.id) \(secrets.webhookSecret)")
    }
}
