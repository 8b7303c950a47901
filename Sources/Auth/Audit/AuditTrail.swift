import Platform
import Tenancy

/// Writes the audit trail, each event in the transaction of what it tells of.
package final class AuditTrail: Sendable {
    package init() {}

    /// - Parameter tenant: whose trail; the transaction's when nil. Only a platform transaction may write another's.
    package func record(
        _ event: AuditEvent, by caller: Caller, from origin: RequestOrigin, for tenant: ID<Tenant>? = nil,
        in tx: some DatabaseTransaction
    ) async throws {
        let onBehalfOf = caller.isPlatformAdmin ? caller.tenant?.description : nil
        let actor = caller.name
        try await tx.execute(
            """
            INSERT INTO audit_event (tenant_id, id, created_at, actor_type, actor_id, credential, on_behalf_of, action,
                target_type, target_id, outcome, changes, address, user_agent, request_id)
            VALUES (\(tenant ?? tx.tenant), \(ID<AuditEvent>()), \(Timestamp.now), \(caller.kind),
                \(actor.isEmpty ? nil : actor), \(caller.credential), \(onBehalfOf), \(event.action.rawValue),
                \(event.target?.type), \(event.target?.id), \(event.outcome), \(event.changes.json),
                \(origin.address), \(origin.userAgent), \(origin.requestID))
            """)
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
        }
    }

    /// The session or key used.
    var credential: String? {
        if case .apiKey(let id) = identity { return id.description }
        return session?.description
    }
}
