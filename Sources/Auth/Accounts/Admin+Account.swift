import Platform
import Tenancy

extension Admin {
    /// Makes an account an admin of a tenant.
    /// - Throws: `PostgresError` that violates `admin_once` when it is one already.
    @discardableResult
    package static func create(
        for account: Account, as role: Role, in tenant: ID<Tenant>, _ tx: PlatformTransaction
    ) async throws -> ID<Admin> {
        let id = ID<Admin>()
        try await tx.execute(
            """
            INSERT INTO admin (tenant_id, id, account_id, email, name, role)
            VALUES (\(tenant), \(id), \(account.id), \(account.email), \(account.name), \(role))
            """)
        return id
    }
}
