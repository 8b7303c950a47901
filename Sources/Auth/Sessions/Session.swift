import Platform
import Tenancy

/// One sign-in on one device: a family of refresh tokens, each used once.
package struct Session: Sendable, Identified {
    package static let prefix = "session"

    package let id: ID<Session>
    /// nil: in no tenant, as platform admin.
    package let tenant: ID<Tenant>?
    package let address: String
    package let userAgent: String?
    package let createdAt: Timestamp
    package let lastUsedAt: Timestamp
    /// When it ends, unless it is renewed before.
    package let expiresAt: Timestamp
}

extension Session: RowDecodable {
    static let columns: SQL = """
        id, tenant_id, address, user_agent, created_at, last_used_at, least(expires_at, last_used_at + interval '14 days')
        """

    package init(row: inout Row) throws {
        id = try row.next()
        tenant = try row.next()
        address = try row.next()
        userAgent = try row.next()
        createdAt = try row.next()
        lastUsedAt = try row.next()
        expiresAt = try row.next()
    }
}
