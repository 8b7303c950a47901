import FoundationEssentials
import Platform
import Tenancy

/// What narrows a list of events.
package struct AuditFilter: Sendable {
    /// nil: of all tenants and of the platform, which only a platform transaction sees.
    package let tenant: ID<Tenant>?
    /// TypeID.
    package var actor: String?
    package var action: String?
    package var target: String?
    package var outcome: String?
    /// Of this moment or later.
    package var from: Timestamp?
    /// Before this moment.
    package var until: Timestamp?

    package init(tenant: ID<Tenant>?) { self.tenant = tenant }

    fileprivate var condition: SQL {
        var condition: SQL = tenant.map { "tenant_id = \($0)" } ?? "true"
        if let actor { condition = condition + " AND actor_id = \(actor)" }
        if let action { condition = condition + " AND action = \(action)" }
        if let target { condition = condition + " AND target_id = \(target)" }
        if let outcome { condition = condition + " AND outcome = \(outcome)" }
        // The time picks the months, the id the part of each index.
        if let from {
            condition =
                condition + " AND created_at >= \(from) AND id >= \(UUID.version7(at: from, random: 0))"
        }
        if let until {
            condition =
                condition + " AND created_at < \(until) AND id < \(UUID.version7(at: until, random: 0))"
        }
        return condition
    }
}

extension AuditRecord {
    /// Newest first.
    package static func page(
        _ filter: AuditFilter, after last: ID<AuditEvent>?, limit: Int, in tx: some DatabaseTransaction
    ) async throws -> [AuditRecord] {
        let rest: SQL = last.map { " AND id < \($0)" } ?? ""
        return try await tx.all(
            """
            SELECT \(columns) FROM audit_event WHERE \(filter.condition)\(rest)
            ORDER BY id DESC LIMIT \(Int64(limit))
            """, as: AuditRecord.self)
    }
}
