import Platform
import Tenancy

/// A program's way to act for a tenant. The key itself is known to its holder alone.
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
    package let lastUsedAt: Timestamp?
    /// A TypeID: the admin, key or account that made it.
    package let createdBy: String
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}
