import Auth
import Platform
import Tenancy

/// The rollback: bots poll.
struct BotsUsePollingCommand: Command {
    static let name = "bots use-polling"
    static let arguments = "--all | --tenant TENANT_ID"
    static let summary = "Has bots poll instead of using webhooks: the rollback"
    static let help = """
        Has every bot, or every bot of one tenant, poll, whatever its mode is, and prints how many that are. The mode \
        is kept for rookery bots use-webhook. The running nodes delete the webhooks and begin to poll, at a steady pace; \
        no update is lost on the way.
        """

    private let scope: BotsScope

    init(_ words: [String]) throws(Arguments.UsageError) { scope = try BotsScope(words) }

    func run(_ environment: ProcessEnvironment) async throws {
        try await scope.roll(.usePolling, environment)
    }
}

/// The way back from the rollback.
struct BotsUseWebhookCommand: Command {
    static let name = "bots use-webhook"
    static let arguments = "--all | --tenant TENANT_ID"
    static let summary = "Gives bots back the mode they had before use-polling"
    static let help = """
        Gives every bot, or every bot of one tenant, that polls because of rookery bots use-polling the mode back that \
        it had, and prints how many that are. The running nodes set the webhooks.
        """

    private let scope: BotsScope

    init(_ words: [String]) throws(Arguments.UsageError) { scope = try BotsScope(words) }

    func run(_ environment: ProcessEnvironment) async throws {
        try await scope.roll(.useWebhook, environment)
    }
}

/// Whose bots a rollback is about.
private struct BotsScope {
    /// nil for all.
    private let tenant: ID<Tenant>?

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, options: ["tenant"], flags: ["all"])
        try arguments.refusePositional()
        if arguments.has("all") {
            guard arguments.value("tenant") == nil else {
                throw Arguments.UsageError("--all and --tenant exclude each other")
            }
            tenant = nil
        } else {
            guard let text = arguments.value("tenant") else {
                throw Arguments.UsageError("--all or --tenant is needed")
            }
            guard let id = ID<Tenant>(text) else {
                throw Arguments.UsageError("--tenant takes a tenant's id, tenant_…")
            }
            tenant = id
        }
    }

    func roll(_ rollback: Bot.Rollback, _ environment: ProcessEnvironment) async throws {
        let settings = try Settings(environment: environment.variables)
        let runtime = try Runtime(loops: 1, logger: Logger(minimum: .warning, format: .text))
        let database = try DatabasePools.make(settings, loop: runtime.loops[0], runtime: runtime)
        let trail = AuditTrail(database: database, box: SecretBox(keyRing: settings.masterKey))
        if let tenant, try await database.readPlatform({ try await Tenant.find(tenant, in: $0) }) == nil {
            throw NoSuchTenant(id: tenant)
        }
        var (count, last): (Int, BotKey?) = (0, nil)
        repeat {
            let page = try await database.job { [last] tx in
                let page = try await Bot.roll(rollback, tenant: tenant, after: last, in: tx)
                for changed in page.changed {
                    try await trail.record(
                        .rolledBack(changed, rollback), by: .operator, from: .commandLine,
                        for: changed.tenant,
                        in: tx)
                }
                return page
            }
            count += page.changed.map(\.bots).reduce(0, +)
            last = page.last
        } while last != nil
        environment.print("\(count)")
    }

    private struct NoSuchTenant: Error, CustomStringConvertible {
        let id: ID<Tenant>
        var description: String { "there is no tenant \(id)" }
    }
}
