import Platform

/// What a person is in one tenant. The person's account, with the password, belongs to no tenant.
package struct Admin: Sendable, Identified {
    package static let prefix = "admin"

    package let tenant: ID<Tenant>
    package let id: ID<Admin>
    package let email: String
    package var name: String
    package var role: Role
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

extension Admin: RowDecodable {
    static let columns: SQL = "tenant_id, id, email, name, role, created_at, updated_at"

    package init(row: inout Row) throws {
        tenant = try row.next()
        id = try row.next()
        email = try row.next()
        name = try row.next()
        role = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}
