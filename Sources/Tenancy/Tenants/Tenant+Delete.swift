import Platform

extension Tenant {
    /// Ends the transaction's tenant, which `locked(in:)` has locked: its bots are deleted, and with them every secret
    /// and their hold on Telegram's bots; its consumers get nothing more; nobody comes in by key or invitation. The
    /// row stays, so that the audit trail still has a name, and gives its slug free. The log goes with the retention.
    package func delete(in tx: TenantTransaction) async throws {
        try await BotImport.cancelAll(in: tx)
        try await Bot.deleteAll(in: tx)
        try await tx.execute(
            """
            UPDATE consumer SET status = 'disabled', updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND status <> 'disabled'
            """)
        try await tx.execute("DELETE FROM invitation WHERE tenant_id = \(tx.tenant)")
        try await tx.execute("DELETE FROM api_key WHERE tenant_id = \(tx.tenant)")
        try await tx.execute(
            """
            UPDATE tenant SET status = 'deleted', slug = \("\(slug.prefix(36))-\(id.suffix)"),
                updated_at = clock_timestamp()
            WHERE id = \(tx.tenant)
            """)
        try await tx.execute("SELECT pg_notify(\(BotDirectoryRefresh.channel), '')")
    }
}

extension Bot {
    /// Deletes the transaction's tenant's bots: marked, since the log still names them, with their secrets wiped.
    static func deleteAll(in tx: TenantTransaction) async throws {
        // The order of locks, in which whoever deletes one of them takes them, too.
        try await tx.execute(
            """
            SELECT FROM bot WHERE tenant_id = \(tx.tenant) AND status <> 'deleted' ORDER BY id FOR NO KEY UPDATE
            """)
        try await tx.execute(
            "SELECT FROM bot_webhook WHERE tenant_id = \(tx.tenant) ORDER BY bot_id FOR UPDATE")
        try await tx.execute(
            """
            UPDATE bot SET status = 'deleted', transport = 'none', token_sealed = NULL, webhook_secrets = '{}',
                updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND status <> 'deleted'
            """)
        try await tx.execute("DELETE FROM bot_webhook WHERE tenant_id = \(tx.tenant)")
        try await tx.execute("DELETE FROM bot_registration WHERE tenant_id = \(tx.tenant)")
    }
}
