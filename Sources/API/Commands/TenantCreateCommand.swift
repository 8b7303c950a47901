import Platform
import Tenancy

/// Makes a tenant, for scripts.
struct TenantCreateCommand: Command {
    static let name = "tenant create"
    static let arguments = "--name NAME"
    static let summary = "Makes a tenant"
    static let help = """
        Makes a tenant in the database of DATABASE_URL and prints its id.
        """

    private let tenantName: String

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, options: ["name"])
        try arguments.refusePositional()
        tenantName = try arguments.required("name")
    }

    func run(_ environment: ProcessEnvironment) async throws {
        let settings = try Settings(environment: environment.variables)
        let runtime = try Runtime(loops: 1, logger: Logger(minimum: .warning, format: .text))
        let database = try DatabasePools.make(settings, loop: runtime.loops[0], runtime: runtime)
        let tenant = try await Tenant.create(name: tenantName, in: database)
        environment.print("\(tenant.id)")
    }
}
