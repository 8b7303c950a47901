import Platform
import Synchronization
import Tenancy

/// Writes the audit trail, each event signed and in the transaction of what it tells of.
package final class AuditTrail: Sendable {
    private let database: Database
    private let box: SecretBox
    private let known = Mutex<AuditKey?>(nil)

    /// - Parameter database: of which event loop does not matter.
    package init(database: Database, box: SecretBox) {
        self.database = database
        self.box = box
    }

    /// - Parameter tenant: whose trail; the transaction's when nil. Only a platform transaction may write another's.
    package func record(
        _ event: AuditEvent, by caller: Caller, from origin: RequestOrigin, for tenant: ID<Tenant>? = nil,
        in tx: some DatabaseTransaction
    ) async throws {
        var record = AuditRecord(event, by: caller, from: origin, for: tenant ?? tx.tenant, at: .now)
        try record.sign(with: try await key())
        try await record.insert(in: tx)
    }

    /// Read once; without it nothing is recorded, and so nothing done.
    package func key() async throws -> AuditKey {
        if let key = known.withLock({ $0 }) { return key }
        let box = box
        let key = try await database.job { try await AuditKey.load(box: box, in: $0) }
        known.withLock { $0 = key }
        return key
    }
}

extension Caller {
    /// `actor_type` in the audit trail.
    package var kind: String {
        switch identity {
        case .stranger: "stranger"
        case .admin: "admin"
        case .platformAdmin: "platform_admin"
        case .apiKey: "api_key"
        case .operator: "operator"
        case .platform: "platform"
        }
    }

    /// The session or key used.
    var credential: String? {
        if case .apiKey(let id) = identity { return id.description }
        return session?.description
    }
}
