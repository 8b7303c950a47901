import Platform
import Tenancy

/// A program's way to act for a tenant. The key itself is known to its holder alone.
///
/// It belongs to the tenant, not to its maker: it goes on as it is when the maker is removed or may do less than
/// before. Who removes somebody decides about the keys that the person made, which `created_by` tells.
package struct APIKey: Sendable, Identified {
    package static let prefix = "key"

    package let id: ID<APIKey>
    package let name: String
    /// The key's last four characters.
    package let hint: String
    package let permissions: [Permission]
    /// nil: from anywhere.
    package let allowedAddresses: [String]?
    package let expiresAt: Timestamp?
    /// Written at most once a minute.
    package let lastUsedAt: Timestamp?
    /// A TypeID: the admin, key or account that made it.
    package let createdBy: String
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

extension APIKey: RowDecodable {
    static let columns: SQL =
        "id, name, hint, permissions, allowed_addresses, expires_at, last_used_at, created_by, created_at, updated_at"

    package init(row: inout Row) throws {
        id = try row.next()
        name = try row.next()
        hint = try row.next()
        permissions = try row.next([String].self).compactMap(Permission.init(rawValue:))
        allowedAddresses = try row.next()
        expiresAt = try row.next()
        lastUsedAt = try row.next()
        createdBy = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}
