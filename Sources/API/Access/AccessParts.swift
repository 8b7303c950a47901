import Auth
import Platform
import Tenancy

/// What the API needs once a node, whatever the number of event loops: who may come in, limits, the audit trail.
struct AccessParts: Sendable {
    let tenants = TenantDirectory()
    let limits = Limits()
    let trail: AuditTrail
    let tokens = AccessTokens()
    let authenticator = Authenticator()
    private let box: SecretBox
    private let sealer: AuditSealer
    private let housekeeping: Housekeeping

    init(settings: Settings, runtime: Runtime, database: Database, box: SecretBox) {
        self.box = box
        let (loop, logger) = (runtime.loops[0], runtime.logger)
        let trail = AuditTrail(database: database, box: box)
        self.trail = trail
        sealer = AuditSealer(
            loop: loop, database: database, trail: trail, blocking: runtime.blocking, logger: logger,
            metrics: runtime.metrics)
        housekeeping = Housekeeping(loop: loop, database: database, logger: logger)
    }

    func gate(_ database: Database) -> Gate {
        Gate(
            authenticator: authenticator, limits: limits, tenants: tenants,
            surroundings: Call.Surroundings(database: database, trail: trail, box: box))
    }

    /// Keeps all of it current, until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await sealer.run() }
            group.addTask { await housekeeping.run() }
        }
    }

    /// Something was announced on `Revocation.channel`, or announcements may have been missed. On the first loop.
    func wake() {}
}
