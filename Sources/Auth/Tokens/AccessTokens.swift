import FoundationEssentials
import Platform
import Tenancy

/// Issues and verifies access tokens (RFC 9068: JWT, `typ: at+jwt`, ES256), which say for ten minutes who somebody is.
///
/// Only what this program issues is believed, so only that one form is taken: see `verified`. All times are the
/// database's.
package final class AccessTokens: Sendable {
    package static let lifetime = Duration.seconds(600)
    package static let audience = "rookery-api"
    /// The issuer of installations without a public URL.
    package static let standardIssuer = "urn:rookery"

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
        /// By the database's clock, read within the transaction that locks the rows above, by a statement after
        /// those that lock them: a clock read by the locking statement itself may tell the time before the wait.
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

    let keys: SigningKeys
    let issuer: String

    package init(keys: SigningKeys, issuer: String = standardIssuer) {
        self.keys = keys
        self.issuer = issuer
    }

    /// - Throws: `NoKey`
    package func issue(to subject: Subject) throws -> String {
        let key = try keys.signing(at: subject.issuedAt)
        let unsigned = key.header + "." + Base64.encode(claims(of: subject), .urlSafe)
        guard let signature = key.key.sign(unsigned.utf8) else { throw NoKey() }
        return unsigned + "." + Base64.encode(signature, .urlSafe)
    }

    /// The times are whole seconds; the jti, a UUIDv7, holds the moment to the microsecond.
    private func claims(of subject: Subject) -> [UInt8] {
        let issuedAt = subject.issuedAt.secondsSince1970
        var json = JSONWriter(capacity: 512)
        json.object {
            $0.field("iss", issuer)
            $0.field("aud", Self.audience)
            $0.field("sub", subject.admin?.description ?? subject.account.description)
            $0.field("account", subject.account)
            if let tenant = subject.tenant { $0.field("tid", tenant) }
            if let role = subject.role { $0.field("role", role.rawValue) }
            $0.field("sid", subject.session)
            $0.field("jti", UUID.version7(at: subject.issuedAt).uuidString.lowercased())
            $0.field("iat", issuedAt)
            $0.field("exp", issuedAt + Int64(Self.lifetime.seconds))
        }
        return json.bytes
    }
}
