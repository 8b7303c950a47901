import Platform

extension Invitation {
    /// By the token of somebody who has not signed in. Open or not; nil when its tenant is deleted.
    package static func find(token: String, in tx: PlatformTransaction) async throws -> Invitation? {
        try await tx.first(
            """
            SELECT \(columns) FROM invitation
            WHERE token_digest = \(digest(of: token))
                AND EXISTS (SELECT 1 FROM tenant WHERE id = invitation.tenant_id AND status <> 'deleted')
            """)
    }

    package var isOpen: Bool { acceptedAt == nil && expiresAt > .now }

    /// Marks it as accepted, which succeeds once, whoever else tries at the same time.
    /// - Returns: false when it is not open any more.
    package func accept(in tx: PlatformTransaction) async throws -> Bool {
        try await tx.execute(
            """
            UPDATE invitation SET accepted_at = clock_timestamp(), updated_at = clock_timestamp()
            WHERE tenant_id = \(tenant) AND id = \(id) AND accepted_at IS NULL AND expires_at > clock_timestamp()
            """) == 1
    }
}
