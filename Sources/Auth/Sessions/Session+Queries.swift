import Platform
import Tenancy

extension Session {
    /// Neither revoked nor over (`Sessions.idleLifetime`).
    static let isLive: SQL = """
        (revoked_at IS NULL AND expires_at > clock_timestamp()
            AND last_used_at > clock_timestamp() - interval '14 days')
        """

    /// Nothing comes of the others, though they are not revoked: the person is nothing there any more, or the tenant
    /// is deleted.
    private static let hasStanding: SQL = """
        CASE WHEN tenant_id IS NULL
            THEN EXISTS (SELECT FROM account WHERE account.id = session.account_id AND is_platform_admin)
            ELSE EXISTS (
                SELECT FROM admin JOIN tenant ON tenant.id = admin.tenant_id
                WHERE admin.tenant_id = session.tenant_id AND admin.account_id = session.account_id
                    AND tenant.status <> 'deleted') END
        """

    /// A person's sessions that have not ended, in all tenants of which the person is an admin, the newest first.
    package static func list(
        of account: ID<Account>, after last: ID<Session>?, limit: Int, in tx: PlatformTransaction
    ) async throws -> [Session] {
        try await tx.all(
            """
            SELECT \(columns) FROM session
            WHERE account_id = \(account) AND (\(last)::uuid IS NULL OR id < \(last)) AND \(isLive)
                AND \(hasStanding)
            ORDER BY id DESC LIMIT \(limit)
            """)
    }

    /// Ends one of the person's sessions, and takes back its access tokens.
    /// - Returns: the tenant it was in; nil when the person has no such session, or it has ended.
    package static func end(
        _ id: ID<Session>, of account: ID<Account>, in tx: PlatformTransaction
    ) async throws -> Ended? {
        let ended = try await tx.first(
            """
            UPDATE session SET revoked_at = clock_timestamp()
            WHERE id = \(id) AND account_id = \(account) AND \(isLive)
            RETURNING id, tenant_id, true
            """, as: Ended.self)
        if ended != nil { try await Revocation.add(id, in: tx) }
        return ended
    }

    /// Ends all of the person's sessions but one, and takes back their access tokens.
    /// - Returns: how many.
    @discardableResult
    package static func endAll(
        of account: ID<Account>, except kept: ID<Session>?, in tx: PlatformTransaction
    ) async throws -> Int {
        let ended = try await tx.all(
            """
            UPDATE session SET revoked_at = clock_timestamp()
            WHERE account_id = \(account) AND (\(kept)::uuid IS NULL OR id <> \(kept)) AND \(isLive)
            RETURNING id, tenant_id, last_used_at > clock_timestamp() - interval '15 minutes'
            """, as: Ended.self)
        try await Revocation.add(all: ended.filter(\.hasAccessToken).map(\.id), in: tx)
        return ended.count
    }

    /// Sessions that would be over even if they had been renewed, with their refresh tokens, some at a time. What is
    /// kept so long tells an old token that is used again from one that never was.
    /// - Returns: how many.
    package static func deleteExpired(limit: Int = 1000, in tx: PlatformTransaction) async throws -> Int {
        try await tx.execute(
            """
            DELETE FROM session WHERE id IN (
                SELECT id FROM session WHERE expires_at < clock_timestamp()
                LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
    }

    package struct Ended: Sendable, RowDecodable {
        package let id: ID<Session>
        package let tenant: ID<Tenant>?
        /// Whether one may not have run out: they are issued when the session is used.
        fileprivate let hasAccessToken: Bool

        package init(row: inout Row) throws {
            id = try row.next()
            tenant = try row.next()
            hasAccessToken = try row.next()
        }
    }
}
