import Platform
import Tenancy

extension Sessions {
    /// What comes of a refresh token.
    package enum Renewal: Sendable {
        case granted(Grant)
        /// Unknown, of a session that has ended, or used before, in which case the session has now ended: commit.
        case invalid
    }

    /// Replaces a refresh token by its successor, with an access token of what the person is now.
    /// - Throws: `Refusal.tenantSuspended`
    package func renew(
        _ token: RefreshToken, from origin: RequestOrigin, in tx: PlatformTransaction
    ) async throws -> Renewal {
        guard let owner = try await owner(of: token, in: tx),
            let standing = try await Standing.lock(owner.account, in: owner.tenant, tx),
            try await takeSession(owner.session, in: tx), let state = try await state(of: token, in: tx)
        else { return .invalid }
        // A session is of one admin: somebody removed and invited again signs in anew.
        guard standing.admin == owner.admin else { return .invalid }
        guard let successor = try await successor(of: token, state, of: owner.session, in: tx) else {
            try await end(owner.session, for: standing, from: origin, in: tx)
            return .invalid
        }
        guard standing.tenantStatus == .active else { throw Refusal.tenantSuspended }
        let accessToken = try issue(to: standing, owner.session, at: state.now)
        return .granted(
            Grant(
                accessToken: accessToken, refreshToken: successor, session: owner.session, standing: standing)
        )
    }

    private func successor(
        of token: RefreshToken, _ state: TokenState, of session: ID<Session>, in tx: PlatformTransaction
    ) async throws -> RefreshToken? {
        guard let usedAt = state.usedAt, let sealed = state.successor else {
            return try await replace(token, of: session, at: state.now, in: tx)
        }
        guard state.now < usedAt + Self.grace else { return nil }
        let successor = try RefreshToken.opened(sealed, for: token, by: box)
        let isUnused = try await tx.value(
            "SELECT used_at IS NULL FROM refresh_token WHERE digest = \(successor.digest)", as: Bool.self)
        return isUnused == true ? successor : nil
    }

    private func replace(
        _ token: RefreshToken, of session: ID<Session>, at now: Timestamp, in tx: PlatformTransaction
    ) async throws -> RefreshToken {
        let successor = RefreshToken()
        try await tx.execute(
            """
            UPDATE refresh_token SET used_at = \(now), successor_sealed = \(try successor.sealed(for: token, by: box))
            WHERE digest = \(token.digest)
            """)
        try await keep(successor, of: session, at: now, in: tx)
        try await tx.execute("UPDATE session SET last_used_at = \(now) WHERE id = \(session)")
        return successor
    }

    /// Somebody else has the token, too.
    private func end(
        _ session: ID<Session>, for standing: Standing, from origin: RequestOrigin, in tx: PlatformTransaction
    ) async throws {
        try await tx.execute("UPDATE session SET revoked_at = clock_timestamp() WHERE id = \(session)")
        try await Revocation.add(session, in: tx)
        try await trail.record(
            AuditEvent(.refreshTokenReuse, of: AuditTarget(session), outcome: .denied),
            by: standing.caller(session: session), from: origin, for: standing.tenant, in: tx)
    }

    // MARK: Rows

    private struct Owner: RowDecodable {
        let session: ID<Session>
        let account: ID<Account>
        let tenant: ID<Tenant>?
        let admin: ID<Admin>?

        init(row: inout Row) throws {
            session = try row.next()
            account = try row.next()
            tenant = try row.next()
            admin = try row.next()
        }
    }

    private struct TokenState: RowDecodable {
        let now: Timestamp
        let usedAt: Timestamp?
        let successor: [UInt8]?

        init(row: inout Row) throws {
            now = try row.next()
            usedAt = try row.next()
            successor = try row.next()
        }
    }

    private func owner(of token: RefreshToken, in tx: PlatformTransaction) async throws -> Owner? {
        try await tx.first(
            """
            SELECT session.id, session.account_id, session.tenant_id, session.admin_id
            FROM refresh_token JOIN session ON session.id = refresh_token.session_id
            WHERE refresh_token.digest = \(token.digest)
            """)
    }

    /// Waits for others with a token of the session.
    /// - Returns: false when it has ended.
    private func takeSession(_ session: ID<Session>, in tx: PlatformTransaction) async throws -> Bool {
        try await tx.value(
            "SELECT \(Session.isLive) FROM session WHERE id = \(session) FOR UPDATE", as: Bool.self) ?? false
    }

    /// In a statement after the one that waits: its time and its rows are those that the wait has led to.
    private func state(of token: RefreshToken, in tx: PlatformTransaction) async throws -> TokenState? {
        try await tx.first(
            """
            SELECT clock_timestamp(), used_at, successor_sealed FROM refresh_token WHERE digest = \(token.digest)
            """)
    }
}
