import Platform
import Tenancy

/// One of the tenants in which a person may sign in.
package struct TenantChoice: Sendable, Equatable {
    package let tenant: ID<Tenant>
    package let name: String
    package let role: Role

    /// By name, 200 at most: in others one signs in by their id. Suspended ones too: which they are shows on signing in there.
    package static func all(of account: ID<Account>, in tx: PlatformTransaction) async throws
        -> [TenantChoice]
    {
        try await tx.all(
            """
            SELECT tenant.id, tenant.name, admin.role
            FROM admin JOIN tenant ON tenant.id = admin.tenant_id
            WHERE admin.account_id = \(account) AND tenant.status <> 'deleted'
            ORDER BY tenant.name, tenant.id LIMIT 200
            """)
    }
}

extension TenantChoice: RowDecodable {
    package init(row: inout Row) throws {
        tenant = try row.next()
        name = try row.next()
        role = try row.next()
    }
}
