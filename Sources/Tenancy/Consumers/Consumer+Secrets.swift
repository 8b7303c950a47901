import Platform

extension Consumer {
    /// Signs with `secret` from now on. What signed until now does so beside it for `grace`, unless it ends sooner.
    /// - Parameter secret: `whsec_…` or `whsk_…`, checked before; shown to the tenant now, or never.
    /// - Returns: nil when this tenant has no such push consumer.
    package static func rotateSecret(
        of id: ID<Consumer>, to secret: String, grace: Duration, box: ConsumerSecrets,
        in tx: TenantTransaction
    ) async throws -> Consumer? {
        let known = try await tx.first(
            """
            SELECT \(SigningSecrets.columns), clock_timestamp() FROM consumer
            WHERE tenant_id = \(tx.tenant) AND id = \(id) AND type = 'push' FOR UPDATE
            """, as: LockedSecrets.self)
        guard let known else { return nil }
        var secrets = known.secrets
        secrets.put(
            try box.seal(secret, .signing, of: id, tx.tenant), olderUntil: known.now + grace, at: known.now)
        let rotated = try await tx.first(
            """
            UPDATE consumer SET secrets_sealed = \(secrets.sealed), older_secrets_until = \(secrets.olderUntil),
                updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id)
            RETURNING \(columns)
            """, as: Consumer.self)
        if let rotated { try await tx.execute(Deliveries.changeNotice(of: rotated.bot)) }
        return rotated
    }

    /// What may be shown of these consumers' signing secrets. Those that have none, or whose newest cannot be opened,
    /// are left out.
    package static func signing(
        of ids: [ID<Consumer>], box: ConsumerSecrets, in tx: TenantTransaction
    ) async throws -> [ID<Consumer>: ConsumerSigning] {
        let rows = try await tx.all(
            """
            SELECT consumer.id, \(SigningSecrets.columns), clock_timestamp() FROM consumer
            WHERE tenant_id = \(tx.tenant) AND id = ANY(\(ids)) AND type = 'push'
            """, as: KnownSecrets.self)
        var signing: [ID<Consumer>: ConsumerSigning] = [:]
        for row in rows {
            guard let newest = row.locked.secrets.sealed.first,
                let secret = try? box.open(newest, .signing, of: row.id, tx.tenant)
            else { continue }
            signing[row.id] = ConsumerSigning(
                publicKey: WebhookKey(secret)?.publicKey,
                olderSecretsUntil: row.locked.secrets.olderUntil.filter { $0 > row.locked.now })
        }
        return signing
    }

    /// Forgets the secrets, of any consumers, whose time is over.
    /// - Returns: how many consumers had such.
    static func forgetEndedSecrets(limit: Int, in tx: PlatformTransaction) async throws -> Int {
        // The cardinality is written out: the partial index needs it.
        try await tx.execute(
            """
            UPDATE consumer AS c SET updated_at = clock_timestamp(),
                secrets_sealed = c.secrets_sealed[1:1] || ARRAY(
                    SELECT secret FROM unnest(c.secrets_sealed[2:], c.older_secrets_until)
                        WITH ORDINALITY AS o (secret, until, place)
                    WHERE until > clock_timestamp() - interval '5 seconds' ORDER BY place),
                older_secrets_until = ARRAY(
                    SELECT until FROM unnest(c.older_secrets_until) WITH ORDINALITY AS o (until, place)
                    WHERE until > clock_timestamp() - interval '5 seconds' ORDER BY place)
            FROM (
                SELECT tenant_id, id FROM consumer
                WHERE cardinality(older_secrets_until) > 0
                    AND clock_timestamp() - interval '5 seconds' >= ANY (older_secrets_until)
                ORDER BY tenant_id, id LIMIT \(Int64(limit)) FOR UPDATE SKIP LOCKED
            ) AS due
            WHERE c.tenant_id = due.tenant_id AND c.id = due.id
            """)
    }
}

private struct LockedSecrets: RowDecodable {
    let secrets: SigningSecrets
    let now: Timestamp

    init(row: inout Row) throws {
        secrets = try SigningSecrets(row: &row)
        now = try row.next()
    }
}

private struct KnownSecrets: RowDecodable {
    let id: ID<Consumer>
    let locked: LockedSecrets

    init(row: inout Row) throws {
        id = try row.next()
        locked = try LockedSecrets(row: &row)
    }
}
