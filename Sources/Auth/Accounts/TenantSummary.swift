import Platform
import Tenancy

/// What whoever acts in a tenant is told of it on asking who they are.
package struct TenantSummary: Sendable {
    package let id: ID<Tenant>
    package let name: String
    package let slug: String
    package let status: Tenant.Status

    package static func find(_ id: ID<Tenant>, in tx: PlatformTransaction) async throws -> TenantSummary? {
        try await tx.first("SELECT id, name, slug, status FROM tenant WHERE id = \(id)")
    }
}

extension TenantSummary: RowDecodable {
    package init(row: inout Row) throws {
        id = try row.next()
        name = try row.next()
        slug = try row.next()
        status = try row.next()
    }
}
