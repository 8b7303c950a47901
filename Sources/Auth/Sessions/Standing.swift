import Platform
import Tenancy

/// What an account is, right now, where it acts: an admin of a tenant, or a platform admin in none.
package struct Standing: Sendable, Equatable {
    package let account: ID<Account>
    /// These three are nil for a platform admin.
    package let tenant: ID<Tenant>?
    package let admin: ID<Admin>?
    package let role: Role?
    package let tenantStatus: Tenant.Status

    /// As whom it acts with a session.
    package func caller(session: ID<Session>) -> Caller {
        guard let admin, let role else { return Caller(.platformAdmin(account), session: session) }
        return Caller(
            .admin(admin, account: account), session: session, tenant: tenant, role: role,
            permissions: role.permissions)
    }
}

extension Standing {
    /// Reads it and takes the rows that it stands on until the transaction ends: role, tenant and rights stay what
    /// they are, so that no token can be issued from what has just changed.
    /// - Parameter tenant: nil: as platform admin.
    /// - Returns: nil when the account is nothing there, or the tenant is deleted.
    static func lock(
        _ account: ID<Account>, in tenant: ID<Tenant>?, _ tx: PlatformTransaction
    ) async throws -> Standing? {
        guard let tenant else {
            return try await tx.first(
                """
                SELECT id, NULL::uuid, NULL::uuid, NULL::text, 'active' FROM account
                WHERE id = \(account) AND is_platform_admin FOR SHARE
                """)
        }
        return try await tx.first(
            """
            SELECT admin.account_id, tenant.id, admin.id, admin.role, tenant.status
            FROM tenant
            JOIN admin ON admin.tenant_id = tenant.id
            JOIN account ON account.id = admin.account_id
            WHERE tenant.id = \(tenant) AND admin.account_id = \(account) AND tenant.status <> 'deleted'
            FOR SHARE OF tenant, admin, account
            """)
    }
}

extension Standing: RowDecodable {
    package init(row: inout Row) throws {
        account = try row.next()
        tenant = try row.next()
        admin = try row.next()
        role = try row.next()
        tenantStatus = try row.next()
    }
}
