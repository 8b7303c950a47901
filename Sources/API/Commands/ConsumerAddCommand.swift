import Auth
import Platform
import Tenancy

/// Makes a consumer, for scripts.
struct ConsumerAddCommand: Command {
    static let name = "consumer add"
    static let arguments =
        "--tenant TENANT_ID --bot BOT_ID [--type push] --url URL | --type pull [--name NAME]"
    static let summary = "Has a bot's updates delivered to a URL, or kept to be pulled"
    static let help = """
        Has a bot's updates, from now on, delivered to a URL, or, with --type pull, kept to be asked for. Prints the \
        consumer's id and, of one that pushes, the secret that deliveries are signed with, which is shown this once \
        only.
        """

    private let tenant: ID<Tenant>
    private let bot: ID<Bot>
    private let new: Consumer.New

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, options: ["tenant", "bot", "type", "url", "name"])
        try arguments.refusePositional()
        guard let tenant = ID<Tenant>(try arguments.required("tenant")) else {
            throw Arguments.UsageError("--tenant takes a tenant's id, tenant_…")
        }
        guard let bot = ID<Bot>(try arguments.required("bot")) else {
            throw Arguments.UsageError("--bot takes a bot's id, bot_…")
        }
        self.tenant = tenant
        self.bot = bot
        switch arguments.value("type") ?? "push" {
        case "push":
            let url = try arguments.required("url")
            guard let host = try? Origin(of: url).host else {
                throw Arguments.UsageError("--url takes an http or https URL without credentials")
            }
            new = .push(
                to: url, name: arguments.value("name") ?? String(host.prefix(200)),
                signingSecret: WebhookSigner.makeSecret())
        case "pull":
            guard arguments.value("url") == nil else {
                throw Arguments.UsageError("--url is for consumers that push")
            }
            new = Consumer.New(.pull, name: arguments.value("name") ?? "Pull")
        default: throw Arguments.UsageError("--type takes push or pull")
        }
    }

    func run(_ environment: ProcessEnvironment) async throws {
        let settings = try Settings(environment: environment.variables)
        if let url = new.url, !DestinationRule(addressGuard: settings.destinations).allows(url) {
            throw Arguments.UsageError("--url takes a URL at a public address and a port that is allowed")
        }
        let runtime = try Runtime(loops: 1, logger: Logger(minimum: .warning, format: .text))
        let database = try DatabasePools.make(settings, loop: runtime.loops[0], runtime: runtime)
        let box = SecretBox(keyRing: settings.masterKey)
        let trail = AuditTrail(database: database, box: box)
        do {
            let consumer = try await database.write(tenant) { tx in
                let consumer = try await Consumer.create(new, of: bot, box: ConsumerSecrets(box: box), in: tx)
                try await trail.record(.created(consumer), by: .operator, from: .commandLine, in: tx)
                return consumer
            }
            environment.print(
                ([consumer.id.description] + [new.signingSecret].compactMap(\.self)).joined(separator: " "))
        } catch let error as PostgresError where error.violates("consumer_bot") {
            throw Arguments.UsageError("this tenant has no bot \(bot)")
        }
    }
}
