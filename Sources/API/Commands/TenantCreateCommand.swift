import Auth
import Platform
import Tenancy

/// Makes a tenant and invites its owner, for scripts.
struct TenantCreateCommand: Command {
    static let name = "tenant create"
    static let arguments = "--name NAME --owner-email EMAIL"
    static let summary = "Makes a tenant and invites its owner"
    static let help = """
        Makes a tenant in the database of DATABASE_URL and an invitation for its first owner. Prints the tenant's id \
        and, on the next line, the link with which the owner accepts within 72 hours; no letter is sent.
        """

    private let tenantName: String
    private let ownerEmail: String

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, options: ["name", "owner-email"])
        try arguments.refusePositional()
        tenantName = try arguments.required("name")
        guard (1...200).contains(tenantName.unicodeScalars.count) else {
            throw Arguments.UsageError("--name takes 1 to 200 characters")
        }
        ownerEmail = try arguments.required("owner-email")
        guard EmailAddress.isValid(ownerEmail) else {
            throw Arguments.UsageError("--owner-email takes an e-mail address")
        }
    }

    func run(_ environment: ProcessEnvironment) async throws {
        let settings = try Settings(environment: environment.variables)
        let runtime = try Runtime(loops: 1, logger: Logger(minimum: .warning, format: .text))
        let database = try DatabasePools.make(settings, loop: runtime.loops[0], runtime: runtime)
        let access = try AccessParts(
            settings: settings, runtime: runtime, database: database,
            box: SecretBox(keyRing: settings.masterKey), url: settings.listen.localURL)
        let made = try await database.writePlatform { tx in
            let tenant = try await Tenant.create(name: tenantName, in: tx)
            let (invitation, token) = try await Invitation.create(
                email: ownerEmail, role: .owner, into: tenant.id, by: Caller.operator.name, in: tx)
            for event in [AuditEvent.created(tenant), .created(invitation)] {
                try await access.trail.record(
                    event, by: .operator, from: .commandLine, for: tenant.id, in: tx)
            }
            return (tenant: tenant.id, link: access.invitationMail.link(invitation, token).url)
        }
        environment.print("\(made.tenant)")
        environment.print(made.link)
    }
}
