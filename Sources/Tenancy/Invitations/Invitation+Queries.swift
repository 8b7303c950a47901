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
