import Platform
import Tenancy

/// Makes a push consumer, for scripts.
struct ConsumerAddCommand: Command {
    static let name = "consumer add"
    static let help = """
        --tenant TENANT_ID --bot BOT_ID --url URL [--name NAME]
        Has a bot's updates, from now on, delivered to a URL. Prints the consumer's id and the secret that \
        deliveries are signed with, which is shown this once only.
        """

    private let tenant: ID<Tenant>
    private let bot: ID<Bot>
    private let url: String
    private let consumerName: String

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, options: ["tenant", "bot", "url", "name"])
        try arguments.refusePositional()
        guard let tenant = ID<Tenant>(try arguments.required("tenant")) else {
            throw Arguments.UsageError("--tenant takes a tenant's id, tenant_…")
        }
        guard let bot = ID<Bot>(try arguments.required("bot")) else {
            throw Arguments.UsageError("--bot takes a bot's id, bot_…")
        }
        let url = try arguments.required("url")
        guard Settings.url(url, schemes: ["https", "http"]) != nil else {
            throw Arguments.UsageError("--url takes an http or https URL")
        }
        self.tenant = tenant
        self.bot = bot
        self.url = url
        consumerName = arguments.value("name") ?? "Push"
    }

    func run(_ environment: ProcessEnvironment) async throws {
        let settings = try Settings(environment: environment.variables)
        let runtime = try Runtime(loops: 1, logger: Logger(minimum: .warning, format: .text))
        let database = try DatabasePools.make(settings, loop: runtime.loops[0], runtime: runtime)
        let secret = WebhookSigner.makeSecret()
        let box = ConsumerSecrets(box: SecretBox(keyRing: settings.masterKey))
        do {
            let consumer = try await database.write(tenant) { tx in
                try await Consumer.createPush(
                    of: bot, name: consumerName, url: url, signingSecret: secret, telegramSecret: nil,
                    box: box,
                    in: tx)
            }
            environment.print("\(consumer.id) \(secret)")
        } catch let error as PostgresError where error.violates("consumer_bot") {
            throw Arguments.UsageError("this tenant has no bot \(bot)")
        }
    }
}
