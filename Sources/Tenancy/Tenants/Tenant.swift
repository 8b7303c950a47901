import Platform

/// A customer of the platform: whose bots, updates and people are kept apart from all others'.
package struct Tenant: Sendable, Identified {
    package static let prefix = "tenant"

    package enum Status: String, Sendable, PostgresCodable { case active, suspended, deleted }

    package let id: ID<Tenant>
    package var name: String
    package var slug: String
    package var status: Status
    package var limits: TenantLimits
    package var settings: TenantSettings
    /// What it pays. For holders of view_revenue only.
    package var billing: TenantBilling?
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

extension Tenant: RowDecodable {
    static let columns: SQL = "id, name, slug, status, limits, settings, billing, created_at, updated_at"

    package init(row: inout Row) throws {
        id = try row.next()
        name = try row.next()
        slug = try row.next()
        status = try row.next()
        limits = TenantLimits(ofRow: try row.next())
        settings = try TenantSettings(json: row.next())
        billing = try row.next(JSONBytes?.self).map { try TenantBilling(json: $0) }
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}
