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
    package let expiresAt: Timestamp
}
