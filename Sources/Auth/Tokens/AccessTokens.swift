import Platform
import Tenancy

/// Issues access tokens (RFC 9068: JWT, `typ: at+jwt`, ES256), which say for ten minutes who somebody is.
package final class AccessTokens: Sendable {
    package static let lifetime = Duration.seconds(600)

    /// No signing key is known yet: the database has not been reached since the start.
    package struct NoKey: Error {}

    /// Whom a token is for.
    package struct Subject: Sendable {
        package let account: ID<Account>
        /// Both nil for a platform admin in no tenant.
        package let admin: ID<Admin>?
        package let tenant: ID<Tenant>?
        package let role: Role?
        package let session: ID<Session>
        /// By the database's clock, read within the transaction that locks the rows above.
        package let issuedAt: Timestamp

        package init(
            account: ID<Account>, admin: ID<Admin>?, tenant: ID<Tenant>?, role: Role?, session: ID<Session>,
            issuedAt: Timestamp
        ) {
            self.account = account
            self.admin = admin
            self.tenant = tenant
            self.role = role
            self.session = session
            self.issuedAt = issuedAt
        }
    }

    package init() {}

    package func issue(to subject: Subject) throws -> String { throw NoKey() }
}
