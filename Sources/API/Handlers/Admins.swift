import Auth
import Platform
import Tenancy

/// `/v1/admins`: the tenant's people.
enum Admins {
    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        try await call.page(Admin.list(after:limit:in:), id: \.id)
    }

    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("admin_id", of: Admin.self)
        let admin = try await call.found { tx in try await Admin.find(id, in: tx) }
        return .resource(admin, ETag(admin.id, admin.updatedAt), for: call.request)
    }

    /// A new role counts within a second: what the person holds was issued for the old one.
    @Sendable static func update(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("admin_id", of: Admin.self)
        let patch = try call.patch(AdminPatch.init)
        if let role = patch.role, let lacking = call.caller.permissionLacking(toGrant: role) {
            try await call.refuse(lacking.rawValue)
        }
        return try await call.write { tx in
            guard var admin = try await Admin.locked(id, in: tx) else { throw Problem.notFound }
            try ETag(admin.id, admin.updatedAt).requireMatch(call.request)
            if let role = patch.role, role != admin.role {
                var changes = AuditChanges()
                changes.add("role", from: admin.role.rawValue, to: role.rawValue)
                admin = try await admin.setRole(role, in: tx)
                try await Revocation.add(admin.id, in: tx)
                try await call.record(
                    AuditEvent(.adminUpdate, of: AuditTarget(admin.id), changes: changes), in: tx)
                try await withdraw(Role.allCases.filter { !role.mayGrant($0) }, of: admin, call, in: tx)
            }
            return .resource(admin, ETag(admin.id, admin.updatedAt), for: call.request)
        }
    }

    @Sendable static func delete(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("admin_id", of: Admin.self)
        return try await call.write { tx in
            guard let admin = try await Admin.locked(id, in: tx) else { throw Problem.notFound }
            try ETag(admin.id, admin.updatedAt).requireMatch(call.request)
            try await admin.remove(in: tx)
            try await Revocation.add(admin.id, in: tx)
            var changes = AuditChanges()
            changes.add("email", from: admin.email, to: nil)
            changes.add("role", from: admin.role.rawValue, to: nil)
            try await call.record(
                AuditEvent(.adminDelete, of: AuditTarget(admin.id), changes: changes), in: tx)
            try await withdraw(Role.allCases, of: admin, call, in: tx)
            return .noContent
        }
    }

    /// Closes the doors that somebody who may do less from now on has opened to others, or to themselves.
    private static func withdraw(
        _ roles: [Role], of admin: Admin, _ call: Call, in tx: TenantTransaction
    ) async throws {
        for invitation in try await Invitation.deleteOpen(by: admin.id, into: roles, in: tx) {
            try await call.record(.deleted(invitation), in: tx)
        }
    }
}

private struct AdminPatch {
    let role: Role?

    init?(_ body: inout RequestBody) { role = body.patch("role", .choice) }
}
