import Platform

extension Consumer {
    /// Signs with `secret` from now on. What signed until now does so beside it for `grace`, unless it ends sooner.
    package static func rotateSecret(
        of id: ID<Consumer>, to secret: String, grace: Duration, box: ConsumerSecrets,
        in tx: TenantTransaction
    ) async throws -> Consumer? {
        let sealed = try box.seal(secret, .signing, of: id, tx.tenant)
        return try await tx.first(
            """
            UPDATE consumer SET secrets_sealed = array_prepend(\(sealed), secrets_sealed[1:4]),
                older_secrets_until = array_prepend(
                    clock_timestamp() + \(grace.milliseconds) * interval '1 millisecond',
                    older_secrets_until[1:3]),
                updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id) AND type = 'push'
            RETURNING \(columns)
            """, as: Consumer.self)
    }
}
