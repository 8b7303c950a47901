import Platform
import Tenancy

/// Begins sessions and renews them.
///
/// A session is a family of refresh tokens. Each is used once and then names, sealed, the one that took its place.
/// Using it again is theft, by the client or of it: the session ends. Except that a client which did not get its
/// answer may ask again within ten seconds, and gets the same successor, as long as that one is unused.
///
/// Tenant, admin and account rows are locked before the session's, always in this order, and the time of issue is
/// read when all of them are: whoever changes one of them revokes what was issued before, and nothing that was
/// issued from the old state can be later.
package struct Sessions: Sendable {
    package static let idleLifetime = Duration.seconds(14 * 86_400)
    package static let lifetime = Duration.seconds(60 * 86_400)
    static let grace = Duration.seconds(10)

    /// What a client signs its requests with, and what renews it.
    package struct Grant: Sendable {
        package let accessToken: String
        package let refreshToken: RefreshToken
        package let session: ID<Session>
        package let standing: Standing
    }

    /// Why somebody whose password is right, or whose refresh token is genuine, does not come in.
    package enum Refusal: Error, Sendable {
        /// No admin of the tenant, or of none.
        case notAdmin
        case tenantSuspended
        /// The password has been changed since it was checked.
        case passwordChanged
    }

    let tokens: AccessTokens
    let box: SecretBox
    let trail: AuditTrail

    package init(tokens: AccessTokens, box: SecretBox, trail: AuditTrail) {
        self.tokens = tokens
        self.box = box
        self.trail = trail
    }

    /// Signs in somebody whose password has been checked.
    /// - Parameter tenant: nil: as platform admin.
    /// - Throws: `Refusal`
    package func begin(
        for credentials: Account.Credentials, in tenant: ID<Tenant>?, from origin: RequestOrigin,
        _ tx: PlatformTransaction
    ) async throws -> Grant {
        let account = credentials.account.id
        guard let standing = try await Standing.lock(account, in: tenant, tx) else { throw Refusal.notAdmin }
        guard standing.tenantStatus == .active else { throw Refusal.tenantSuspended }
        guard try await Account.lock(account, withPassword: credentials.passwordHash, in: tx) else {
            throw Refusal.passwordChanged
        }
        let (session, refreshToken) = (ID<Session>(), RefreshToken())
        let now = try await tx.value(
            """
            INSERT INTO session (id, account_id, tenant_id, admin_id, address, user_agent, created_at, last_used_at,
                expires_at)
            SELECT \(session), \(account), \(standing.tenant), \(standing.admin), \(origin.address),
                \(origin.userAgent), now, now, now + \(Self.lifetime.microseconds) * interval '1 us'
            FROM (SELECT clock_timestamp() AS now) AS clock
            RETURNING created_at
            """, as: Timestamp.self)
        guard let now else { throw PostgresError.unexpectedResult("no row from INSERT") }
        try await keep(refreshToken, of: session, at: now, in: tx)
        let accessToken = try issue(to: standing, session, at: now)
        try await trail.record(
            AuditEvent(.signIn, of: AuditTarget(session)), by: standing.caller(session: session),
            from: origin,
            for: standing.tenant, in: tx)
        return Grant(
            accessToken: accessToken, refreshToken: refreshToken, session: session, standing: standing)
    }

    func keep(
        _ token: RefreshToken, of session: ID<Session>, at now: Timestamp, in tx: PlatformTransaction
    ) async throws {
        try await tx.execute(
            """
            INSERT INTO refresh_token (digest, session_id, issued_at)
            VALUES (\(token.digest), \(session), \(now))
            """)
    }

    func issue(to standing: Standing, _ session: ID<Session>, at now: Timestamp) throws -> String {
        try tokens.issue(
            to: AccessTokens.Subject(
                account: standing.account, admin: standing.admin, tenant: standing.tenant,
                role: standing.role,
                session: session, issuedAt: now))
    }
}
