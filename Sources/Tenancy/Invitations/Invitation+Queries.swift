import Platform

extension Invitation {
    private static let tokenPrefix = "rk_inv_"

    /// The token of 256 random bits, and what is kept of it.
    package static func makeToken() -> String { tokenPrefix + Base64.encode(Random.bytes(32), .urlSafe) }

    package static func digest(of token: String) -> [UInt8] { SHA256.hash(Array(token.utf8)) }

    /// Invites somebody into `tenant`, which is the transaction's but for a tenant that is just being made.
    package static func create(
        email: String, role: Role, into tenant: ID<Tenant>, by inviter: String,
        in tx: some DatabaseTransaction
    ) async throws -> (invitation: Invitation, token: String) {
        let token = makeToken()
        let expiresAt = Timestamp.now + lifetime
        let invitation = try await tx.first(
            """
            INSERT INTO invitation (tenant_id, id, email, role, token_digest, invited_by, expires_at)
            VALUES (\(tenant), \(ID<Invitation>()), \(email), \(role), \(digest(of: token)), \(inviter), \(expiresAt))
            RETURNING \(columns)
            """, as: Invitation.self)
        guard let invitation else { throw PostgresError.unexpectedResult("no row from INSERT") }
        return (invitation, token)
    }
}

extension Invitation {
    package static func list(
        after: ID<Invitation>?, limit: Int, in tx: TenantTransaction
    ) async throws -> [Invitation] {
        let isAfter: SQL = after.map { "AND id < \($0)" } ?? ""
        return try await tx.all(
            """
            SELECT \(columns) FROM invitation WHERE tenant_id = \(tx.tenant) \(isAfter)
            ORDER BY id DESC LIMIT \(Int64(limit))
            """, as: Invitation.self)
    }

    package static func find(_ id: ID<Invitation>, in tx: TenantTransaction) async throws -> Invitation? {
        try await tx.first(
            "SELECT \(columns) FROM invitation WHERE tenant_id = \(tx.tenant) AND id = \(id)",
            as: Invitation.self)
    }

    /// Deletes the open invitations into these roles that somebody has sent.
    /// - Returns: what was deleted.
    package static func deleteOpen(
        by inviter: ID<Admin>, into roles: [Role], in tx: TenantTransaction
    ) async throws -> [Invitation] {
        try await tx.all(
            """
            DELETE FROM invitation
            WHERE tenant_id = \(tx.tenant) AND invited_by = \(inviter.description)
                AND role = ANY(\(roles.map(\.rawValue))) AND accepted_at IS NULL AND expires_at > clock_timestamp()
            RETURNING \(columns)
            """, as: Invitation.self)
    }

    /// The invitation as it was; nil when there is none. Its token opens nothing from now on.
    package static func delete(_ id: ID<Invitation>, in tx: TenantTransaction) async throws -> Invitation? {
        try await tx.first(
            "DELETE FROM invitation WHERE tenant_id = \(tx.tenant) AND id = \(id) RETURNING \(columns)",
            as: Invitation.self)
    }
}
