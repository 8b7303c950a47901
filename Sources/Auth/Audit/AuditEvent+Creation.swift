import Platform
import Tenancy

extension AuditEvent {
    package static func created(_ tenant: Tenant) -> AuditEvent {
        var changes = AuditChanges()
        changes.add("name", to: .string(tenant.name))
        changes.addLimits(from: TenantLimits(), to: tenant.limits)
        return AuditEvent(.tenantCreate, of: AuditTarget(tenant.id), changes: changes)
    }

    package static func created(_ invitation: Invitation) -> AuditEvent {
        var changes = AuditChanges()
        changes.add("email", to: .string(invitation.email))
        changes.add("role", to: .string(invitation.role.rawValue))
        return AuditEvent(.invitationCreate, of: AuditTarget(invitation.id), changes: changes)
    }

    /// A signing key was made, or brought forward.
    package static func rotated(_ key: SigningKeys.Rotated) -> AuditEvent {
        AuditEvent(.signingKeyRotate, of: AuditTarget(type: "signing_key", id: key.id))
    }

    package static func deleted(_ invitation: Invitation) -> AuditEvent {
        var changes = AuditChanges()
        changes.add("email", from: invitation.email, to: nil)
        changes.add("role", from: invitation.role.rawValue, to: nil)
        return AuditEvent(.invitationDelete, of: AuditTarget(invitation.id), changes: changes)
    }
}
