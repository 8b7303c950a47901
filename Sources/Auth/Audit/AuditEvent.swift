import Platform
import Tenancy

/// Something that somebody did, or was not allowed to do, as it is noted in the audit trail.
package struct AuditEvent: Sendable, Identified {
    package static let prefix = "audit"

    package enum Outcome: String, Sendable, PostgresCodable { case success, denied, failure }

    package let action: AuditAction
    package let target: AuditTarget?
    package let outcome: Outcome
    package let changes: AuditChanges

    package init(
        _ action: AuditAction, of target: AuditTarget? = nil, outcome: Outcome = .success,
        changes: AuditChanges = AuditChanges()
    ) {
        self.action = action
        self.target = target
        self.outcome = outcome
        self.changes = changes
    }
}

/// What was acted upon.
package struct AuditTarget: Sendable {
    package let type: String
    package let id: String

    package init<Entity>(_ id: ID<Entity>) {
        type = Entity.prefix
        self.id = id.description
    }

    /// - Parameter id: never a secret.
    package init(type: String, id: String) {
        self.type = type
        self.id = id
    }
}
