import Platform

extension BotWork {
    /// Writes what `bot` and `webhook` have become and gives the right back. Of the bot that is `transport` and
    /// `status`; what its owner sets is not touched, nor is the first sight of the newest secret.
    /// - Returns: nil when the bot was deleted.
    /// - Throws: `Busy`, with nothing written, when the right had run out.
    package func finish(since before: BotWork, in tx: TenantTransaction) async throws -> (Bot, Webhook)? {
        var bot = bot
        // The order of locks. It may have been changed, or deleted, meanwhile.
        let current = try await tx.first(
            """
            SELECT \(Bot.columns) FROM bot WHERE tenant_id = \(tx.tenant) AND id = \(bot.id) AND status <> 'deleted'
            FOR UPDATE
            """, as: Bot.self)
        guard let current else { return nil }
        guard let webhook = try await saveWebhook(since: before.webhook, in: tx) else { throw Busy() }
        // With what is stored: the work may have stored another status before it came to this one.
        if bot.transport != current.transport || bot.status != current.status {
            let changed = try await tx.first(
                """
                UPDATE bot SET transport = \(bot.transport), status = \(bot.status), updated_at = clock_timestamp()
                WHERE tenant_id = \(tx.tenant) AND id = \(bot.id)
                RETURNING \(Bot.columns)
                """, as: Bot.self)
            try await tx.execute("SELECT pg_notify(\(BotDirectoryRefresh.channel), '')")
            bot = changed ?? current
        } else {
            bot = current
        }
        return (bot, webhook)
    }

    /// Somebody who wants the bot looked at since it was claimed (`Webhook.expedite`) is not overruled.
    private func saveWebhook(since before: Webhook, in tx: TenantTransaction) async throws -> Webhook? {
        let report = webhook.report
        let isAsBefore: SQL = "next_check_at = \(before.nextCheckAt)"
        // Otherwise what a poller shows meanwhile stands.
        let isNews = webhook.state != before.state || webhook.reason != before.reason
        let shown: SQL = isNews ? "state = \(webhook.state), reason = \(webhook.reason)," : ""
        return try await tx.first(
            """
            UPDATE bot_webhook SET \(shown) url = \(webhook.url),
                reported_url = \(report.url),
                pending_update_count = \(report.pendingUpdateCount.map { Int32(clamping: $0) }),
                has_custom_certificate = \(report.hasCustomCertificate), ip_address = \(report.ipAddress),
                last_error_at = \(report.lastErrorAt), last_error_message = \(report.lastErrorMessage),
                last_synchronization_error_at = \(report.lastSynchronizationErrorAt),
                reported_max_connections = \(report.maxConnections.map { Int32(clamping: $0) }),
                reported_allowed_updates = \(report.allowedUpdates), 
                last_checked_at = CASE WHEN \(isAsBefore) THEN \(webhook.lastCheckedAt) ELSE last_checked_at END,
                last_repaired_at = \(webhook.lastRepairedAt),
                next_check_at = CASE WHEN \(isAsBefore) THEN \(webhook.nextCheckAt) ELSE next_check_at END,
                failures = \(Int32(clamping: webhook.failures)), failing_since = \(webhook.failingSince),
                fallback_since = \(webhook.fallbackSince), fallback_probes = \(Int32(clamping: webhook.fallbackProbes)),
                secret_set_at = \(webhook.secretSetAt),
                work_id = NULL, work_until = '-infinity', updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot.id) AND work_id = \(id)
            RETURNING \(Webhook.columns)
            """)
    }

    /// Locks the bot for what is written before the work ends, and has the right last anew.
    /// - Returns: the bot as it is by now: its owner may have changed other things meanwhile.
    /// - Throws: `Busy` when the right has run out; `Gone`
    func hold(in tx: TenantTransaction) async throws -> Bot {
        guard let current = try await Bot.locked(bot.id, in: tx) else { throw Gone() }
        let held = try await tx.execute(
            """
            UPDATE bot_webhook SET
                work_until = clock_timestamp() + \(Int32(Self.time.components.seconds)) * interval '1 second'
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot.id) AND work_id = \(id)
            """)
        guard held == 1 else { throw Busy() }
        return current
    }

    /// Writes the URL down that is about to be set.
    /// - Throws: as `hold`
    func note(url: String, in tx: TenantTransaction) async throws {
        _ = try await hold(in: tx)
        try await tx.execute(
            "UPDATE bot_webhook SET url = \(url) WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot.id)")
    }

    /// Gives the right back with nothing else changed.
    package func release(in tx: TenantTransaction) async throws {
        try await tx.execute(
            """
            UPDATE bot_webhook SET work_id = NULL, work_until = '-infinity'
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot.id) AND work_id = \(id)
            """)
    }

    /// Gives every right back, whoever has it: for who knows that nobody is at work. Should somebody be all the same,
    /// what he makes of his work is not written.
    package static func releaseAll(in tx: PlatformTransaction) async throws {
        try await tx.execute(
            """
            UPDATE bot_webhook SET work_id = NULL, work_until = '-infinity' WHERE work_until > '-infinity'
            """)
    }
}
