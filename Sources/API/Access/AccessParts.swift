import Auth
import Platform
import Tenancy

/// What the API needs once a node, whatever the number of event loops: who may come in, limits, the audit trail.
struct AccessParts: Sendable {
    let tenants = TenantDirectory()
    let limits: Limits
    let trail: AuditTrail
    let credentials: Credentials
    let invitationMail: InvitationMail
    private let upkeep: CredentialUpkeep
    private let passwords: Passwords
    private let box: SecretBox
    private let sealer: AuditSealer
    private let housekeeping: Housekeeping

    var tokens: AccessTokens { credentials.tokens }

    /// - Parameter url: the node's own, for links where no public one is set.
    init(settings: Settings, runtime: Runtime, database: Database, box: SecretBox, url: String) throws {
        self.box = box
        limits = Limits(now: runtime.now)
        let (loop, logger) = (runtime.loops[0], runtime.logger)
        let trail = AuditTrail(database: database, box: box)
        self.trail = trail
        sealer = AuditSealer(
            loop: loop, database: database, trail: trail, blocking: runtime.blocking, logger: logger,
            metrics: runtime.metrics)
        housekeeping = Housekeeping(loop: loop, database: database, logger: logger)
        passwords = try Passwords(
            threads: max(1, EventLoop.coreCount / 2), cost: settings.passwordCost,
            niceness: settings.passwordNiceness)
        credentials = Credentials(
            issuer: settings.issuer, box: box, logger: logger)
        upkeep = CredentialUpkeep(
            loop: loop, database: database, credentials: credentials, trail: trail, logger: logger)
        invitationMail = InvitationMail(
            baseURL: settings.publicURL ?? url,
            outbox: try settings.mail.map { try MailOutbox(client: $0, loop: loop, logger: logger) })
    }

    func gate(_ loop: EventLoop, _ database: Database) -> Gate {
        Gate(
            authenticator: Authenticator(credentials: credentials, database: database), limits: limits,
            tenants: tenants,
            surroundings: Call.Surroundings(loop: loop, database: database, trail: trail, box: box))
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
            group.addTask { await sealer.run() }
            group.addTask { await housekeeping.run() }
        }
    }

    /// Something was announced on `Revocation.channel`, or announcements may have been missed. On the first loop.
    func wake() { upkeep.wake() }

    func stop() { passwords.stop() }
}

extension Settings {
    /// Of access tokens. In development the public address may be a node's own, or a tunnel's: it is no name to go by.
    fileprivate var issuer: String {
        environment == .development ? AccessTokens.standardIssuer : publicURL ?? AccessTokens.standardIssuer
    }
}
