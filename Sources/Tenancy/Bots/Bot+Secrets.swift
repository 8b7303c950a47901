import Platform

/// A bot's secrets, sealed and changed. Of several webhook secrets the first is the newest, and all are accepted.
extension Bot {
    /// As many webhook secrets are accepted as there may be, and nobody knows which of them Telegram uses.
    package struct TooManySecrets: Error { package init() {} }

    /// Accepts one more webhook secret, before Telegram has it: the newest from now on. No more than three older ones
    /// stay; none is dropped while nobody knows whether Telegram took the newest.
    /// - Throws: `TooManySecrets`
    func addWebhookSecret(_ secret: String, box: BotSecrets, in tx: TenantTransaction) async throws {
        let sealed = try box.seal(secret, .webhookSecret, of: id, tenant)
        let added = try await tx.execute(
            """
            UPDATE bot SET webhook_secrets = array_prepend(\(sealed), webhook_secrets[1:3]),
                updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id) AND (cardinality(webhook_secrets) < 4 OR EXISTS (
                SELECT FROM bot_webhook
                WHERE tenant_id = \(tx.tenant) AND bot_id = \(id) AND secret_set_at IS NOT NULL))
            """)
        guard added == 1 else { throw TooManySecrets() }
        try await tx.execute(
            """
            UPDATE bot_webhook SET secret_set_at = NULL, secret_seen_at = NULL
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(id)
            """)
        try await Self.announce(in: tx)
    }

    /// Takes the newest back, which Telegram did not take.
    func removeNewestWebhookSecret(in tx: TenantTransaction) async throws {
        try await tx.execute(
            """
            UPDATE bot SET webhook_secrets = webhook_secrets[2:], updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id) AND cardinality(webhook_secrets) > 1
            """)
        try await Self.announce(in: tx)
    }

    /// Puts a new token in: the bot is active again.
    func replaceToken(
        _ token: BotToken, username: String?, box: BotSecrets, in tx: TenantTransaction
    ) async throws -> Bot? {
        let sealed = try box.seal(token.secret, .token, of: id, tenant)
        let saved = try await tx.first(
            """
            UPDATE bot SET token_sealed = \(sealed), token_last_four = \(String(token.secret.suffix(4))),
                username = \(username), status = 'active', updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id) AND status <> 'deleted'
            RETURNING \(Self.columns)
            """, as: Bot.self)
        try await Self.announce(in: tx)
        return saved
    }
}
