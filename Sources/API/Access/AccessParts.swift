import Auth
import Platform
import Tenancy

/// What the API needs once a node, whatever the number of event loops: who may come in, limits, the audit trail.
struct AccessParts: Sendable {
    let tenants = TenantDirectory()
    let limits = Limits()
    let trail = AuditTrail()
    let credentials: Credentials
    let invitationMail: InvitationMail
    private let upkeep: CredentialUpkeep
    private let passwords: Passwords
    private let box: SecretBox

    var tokens: AccessTokens { credentials.tokens }

    /// - Parameter url: the node's own, for links where no public one is set.
    init(settings: Settings, runtime: Runtime, database: Database, box: SecretBox, url: String) throws {
        self.box = box
        passwords = try Passwords(threads: max(1, EventLoop.coreCount / 2), cost: settings.passwordCost)
        credentials = Credentials(
            issuer: settings.publicURL ?? AccessTokens.standardIssuer, box: box, logger: runtime.logger)
        upkeep = CredentialUpkeep(
            loop: runtime.loops[0], database: database, credentials: credentials, logger: runtime.logger)
        invitationMail = InvitationMail(
            baseURL: settings.publicURL ?? url,
            outbox: try settings.mail.map {
                try MailOutbox(client: $0, loop: runtime.loops[0], logger: runtime.logger)
            })
    }

    func gate(_ database: Database) -> Gate {
        Gate(
            authenticator: Authenticator(credentials: credentials, database: database), limits: limits,
            tenants: tenants,
            surroundings: Call.Surroundings(database: database, trail: trail, box: box))
    }

    func people(_ database: Database) -> People {
        People(
            database: database, passwords: passwords,
            sessions: Sessions(tokens: tokens, box: box, trail: trail), trail: trail)
    }

    /// Keeps all of it current, until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await upkeep.run() }
            if let outbox = invitationMail.outbox { group.addTask { await outbox.run() } }
        }
    }

    /// Something was announced on `Revocation.channel`, or announcements may have been missed. On the first loop.
    func wake() { upkeep.wake() }

    func stop() { passwords.stop() }
}
