import Platform

/// An open door into a tenant for one e-mail address, in one role, once. Its token is known to the invited alone.
package struct Invitation: Sendable, Identified {
    package static let prefix = "invitation"
    package static let lifetime = Duration.seconds(72 * 3600)

    package let tenant: ID<Tenant>
    package let id: ID<Invitation>
    package let email: String
    package let role: Role
    /// A TypeID: the admin, API key or account that invited; empty for the operator.
    package let invitedBy: String
    package let expiresAt: Timestamp
    package let acceptedAt: Timestamp?
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

extension Invitation: RowDecodable {
    static let columns: SQL =
        "tenant_id, id, email, role, invited_by, expires_at, accepted_at, created_at, updated_at"

    package init(row: inout Row) throws {
        tenant = try row.next()
        id = try row.next()
        email = try row.next()
        role = try row.next()
        invitedBy = try row.next()
        expiresAt = try row.next()
        acceptedAt = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}
