import Auth
import Platform
import Tenancy

/// Makes a push consumer, for scripts.
struct ConsumerAddCommand: Command {
    static let name = "consumer add"
    static let arguments = "--tenant TENANT_ID --bot BOT_ID --url URL [--name NAME]"
    static let summary = "Has a bot's updates delivered to a URL"
    static let help = """
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
        let box = SecretBox(keyRing: settings.masterKey)
        let trail = AuditTrail(database: database, box: box)
        do {
            let consumer = try await database.write(tenant) { tx in
                let consumer = try await Consumer.createPush(
                    of: bot, name: consumerName, url: url, signingSecret: secret, telegramSecret: nil,
                    box: ConsumerSecrets(box: box), in: tx)
                try await trail.record(
                    AuditEvent(.consumerCreate, of: AuditTarget(consumer.id)), by: .operator,
                    from: .commandLine,
                    in: tx)
                return consumer
            }
            environment.print("\(consumer.id) \(secret)")
        } catch let error as PostgresError where error.violates("consumer_bot") {
            throw Arguments.UsageError("this tenant has no bot \(bot)")
        }
    }
}
