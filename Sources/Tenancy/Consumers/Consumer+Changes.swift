import Platform

extension Consumer {
    /// It alone, without how far it has come.
    /// - Returns: nil when this tenant has no such consumer, or its bot is deleted. Replays are not found.
    package static func known(_ id: ID<Consumer>, in tx: TenantTransaction) async throws -> Consumer? {
        try await tx.first(one(id, tx))
    }

    /// The same, kept from changing until the transaction ends.
    package static func locked(_ id: ID<Consumer>, in tx: TenantTransaction) async throws -> Consumer? {
        try await tx.first("\(one(id, tx)) FOR UPDATE")
    }

    private static func one(_ id: ID<Consumer>, _ tx: TenantTransaction) -> SQL {
        """
        SELECT \(columns) FROM consumer
        WHERE consumer.tenant_id = \(tx.tenant) AND consumer.id = \(id) AND consumer.type <> 'replay'
            AND EXISTS (SELECT FROM bot WHERE bot.tenant_id = consumer.tenant_id
                AND bot.id = consumer.bot_id AND bot.status <> 'deleted')
        """
    }

    /// Writes what its owner can set as it is here. Since when an endpoint has failed is not said of another one.
    package func save(in tx: TenantTransaction) async throws {
        try await tx.execute(
            """
            UPDATE consumer SET name = \(name), url = \(url), kinds = \(kinds), ordering = \(ordering),
                concurrency = \(Int32(concurrency)), timeout_ms = \(Int32(timeout.milliseconds)),
                retry_schedule_ms = \(schedule.map { Int64($0.milliseconds) }), on_dead = \(onDead),
                visibility_ms = \(Int32(visibility.milliseconds)),
                disable_after_ms = \(disableAfter.map { Int64($0.milliseconds) }),
                failing_since = CASE WHEN url IS NOT DISTINCT FROM \(url) THEN failing_since END,
                warned_at = CASE WHEN url IS NOT DISTINCT FROM \(url) THEN warned_at END,
                updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id)
            """)
        try await tellChange(in: tx)
    }

    /// Has whoever delivers read it again at the transaction's commit, not a second later.
    private func tellChange(in tx: TenantTransaction) async throws {
        try await tx.execute(Deliveries.changeNotice(of: bot))
    }

    /// Sets what deliveries carry in `X-Telegram-Bot-Api-Secret-Token`; nil: nothing.
    package func setTelegramSecret(
        _ secret: String?, box: ConsumerSecrets, in tx: TenantTransaction
    ) async throws {
        let sealed = try secret.map { try box.seal($0, .telegramSecret, of: id, tx.tenant) }
        try await tx.execute(
            """
            UPDATE consumer SET telegram_secret_sealed = \(sealed), updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id)
            """)
        try await tellChange(in: tx)
    }

    // MARK: Pausing

    /// Has nothing more delivered, nor handed out; the log goes on.
    /// - Returns: false when it was not active: then nothing is changed.
    package func pause(in tx: TenantTransaction) async throws -> Bool {
        let count = try await tx.execute(
            """
            UPDATE consumer SET status = 'paused', updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id) AND status = 'active'
            """)
        guard count > 0 else { return false }
        try await tellChange(in: tx)
        return true
    }

    /// Has it go on from where it stands, whyever it stood still: what has failed before counts no more.
    /// - Returns: false when it was active and well: then nothing is changed.
    package func resume(in tx: TenantTransaction) async throws -> Bool {
        let count = try await tx.execute(
            """
            UPDATE consumer SET status = 'active', status_reason = NULL, failing_since = NULL, warned_at = NULL,
                updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id)
                AND (status <> 'active' OR failing_since IS NOT NULL OR warned_at IS NOT NULL)
            """)
        guard count > 0 else { return false }
        try await tellChange(in: tx)
        return true
    }

    // MARK: Deleting

    /// Deletes it and its replays, and leaves their delivery rows and attempts, however many, to `ConsumerRemovals`.
    /// - Parameter check: may refuse by throwing.
    /// - Returns: nil when this tenant has no such consumer.
    package static func delete(
        _ id: ID<Consumer>, in tx: TenantTransaction, if check: (Consumer) throws -> Void
    ) async throws -> Consumer? {
        // Cursors before consumers: who holds a cursor and writes what refers to its consumer waits in that order.
        try await tx.execute(
            """
            SELECT FROM consumer_cursor WHERE tenant_id = \(tx.tenant) AND (consumer_id = \(id)
                OR consumer_id IN (SELECT consumer_id FROM replay
                    WHERE tenant_id = \(tx.tenant) AND source_id = \(id)))
            ORDER BY consumer_id FOR UPDATE
            """)
        guard let consumer = try await locked(id, in: tx) else { return nil }
        try check(consumer)
        try await tx.execute(
            """
            INSERT INTO consumer_removal (tenant_id, consumer_id, bot_id)
            SELECT \(tx.tenant), gone.id, \(consumer.bot.bot) FROM (
                SELECT \(id) UNION SELECT consumer_id FROM replay
                WHERE tenant_id = \(tx.tenant) AND source_id = \(id)) AS gone (id)
            """)
        try await tx.execute(
            """
            DELETE FROM consumer WHERE tenant_id = \(tx.tenant) AND (id = \(id)
                OR id IN (SELECT consumer_id FROM replay WHERE tenant_id = \(tx.tenant) AND source_id = \(id)))
            """)
        try await tx.execute(Deliveries.changeNotice(of: consumer.bot))
        return consumer
    }
}
