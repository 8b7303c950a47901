import Platform

extension Bot {
    /// The bot, kept from changing until the transaction ends.
    /// - Returns: nil when this tenant has no such bot.
    package static func locked(_ id: ID<Bot>, in tx: TenantTransaction) async throws -> Bot? {
        try await tx.first(
            """
            SELECT \(columns) FROM bot WHERE tenant_id = \(tx.tenant) AND id = \(id) AND status <> 'deleted'
            FOR UPDATE
            """)
    }

    /// Writes what its owner wants of the bot as it is here, and tells every node. A mode of its owner's choice is not
    /// taken back by "use-webhook".
    package func save(in tx: TenantTransaction) async throws -> Bot {
        let saved = try await tx.first(
            """
            UPDATE bot SET name = \(name), mode = \(mode),
                mode_before_rollback = CASE WHEN mode = \(mode) THEN mode_before_rollback END,
                webhook_enabled = \(webhook.isEnabled), webhook_url = \(webhook.url),
                max_connections = \(webhook.maxConnections.map { Int32($0) }),
                allowed_updates = \(webhook.allowedUpdates), auto_refresh = \(isAutoRefreshed),
                take_over = \(takesOver), admin_commands = \(takesAdminCommands), updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id)
            RETURNING \(Self.columns)
            """, as: Bot.self)
        guard let saved else { throw PostgresError.unexpectedResult("no row from UPDATE") }
        try await Self.announce(in: tx)
        return saved
    }

    /// Deletes the bot: marked, since the log still names it, with its secrets wiped. Its consumers get nothing more,
    /// and the Telegram bot can be connected again, here or elsewhere.
    package func delete(in tx: TenantTransaction) async throws {
        try await tx.execute(
            """
            UPDATE bot SET status = 'deleted', transport = 'none', token_sealed = NULL, webhook_secrets = '{}',
                updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id)
            """)
        try await tx.execute("DELETE FROM bot_webhook WHERE tenant_id = \(tx.tenant) AND bot_id = \(id)")
        try await tx.execute(
            "DELETE FROM bot_registration WHERE tenant_id = \(tx.tenant) AND telegram_id = \(telegramID)")
        try await tx.execute(
            """
            UPDATE consumer SET status = 'disabled', updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(id) AND status <> 'disabled'
            """)
        try await Self.announce(in: tx)
    }

    /// Has every node read its directory anew.
    static func announce(in tx: TenantTransaction) async throws {
        try await tx.execute("SELECT pg_notify(\(BotDirectoryRefresh.channel), '')")
    }
}
