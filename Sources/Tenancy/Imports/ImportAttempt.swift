import Platform

/// A bot of an import whose turn has come: it is this node's for two minutes.
struct ImportAttempt: Sendable {
    let key: BotImportItem.Key
    let token: BotToken?
    let name: String?
    /// How often it was tried, with this time.
    let attempts: Int
    /// The bot that an earlier try has stored.
    let bot: ID<Bot>?
    let settings: BotImport.Settings

    /// Those whose turn it is, of each tenant with active ones a few, in turn. However many wait, it looks at no more of
    /// each tenant than that. When more tenants wait than can be taken chance decides: none always comes last.
    static func due(_ limit: Int, ofEach few: Int, in tx: PlatformTransaction) async throws
        -> [BotImportItem.Key]
    {
        // PostgreSQL has no skip scan: the tenants are found one by one along the index.
        try await tx.all(
            """
            WITH RECURSIVE waiting AS (
                (SELECT tenant_id FROM bot_import_item WHERE status = 'waiting' ORDER BY tenant_id LIMIT 1)
                UNION ALL
                SELECT (SELECT item.tenant_id FROM bot_import_item item
                    WHERE item.status = 'waiting' AND item.tenant_id > waiting.tenant_id
                    ORDER BY item.tenant_id LIMIT 1)
                FROM waiting WHERE waiting.tenant_id IS NOT NULL)
            SELECT \(BotImportItem.Key.columns) FROM waiting JOIN tenant ON tenant.id = waiting.tenant_id
            CROSS JOIN LATERAL (
                SELECT import_id, place, row_number() OVER (ORDER BY next_attempt_at, import_id, place) AS turn
                FROM (
                    SELECT import_id, place, next_attempt_at FROM bot_import_item item
                    WHERE item.tenant_id = waiting.tenant_id AND item.status = 'waiting'
                        AND next_attempt_at <= clock_timestamp()
                    ORDER BY next_attempt_at, import_id, place LIMIT \(Int64(few))
                ) first) item
            WHERE tenant.status = 'active' ORDER BY turn, random() LIMIT \(Int64(limit))
            """)
    }

    /// - Returns: nil when it waits no more, or somebody else has begun with it.
    static func claim(_ key: BotImportItem.Key, secrets: ImportSecrets, in tx: TenantTransaction) async throws
        -> ImportAttempt?
    {
        let row = try await tx.first(
            """
            UPDATE bot_import_item item SET attempts = attempts + 1, updated_at = clock_timestamp(),
                next_attempt_at = clock_timestamp() + interval '2 minutes'
            FROM bot_import batch
            WHERE item.tenant_id = \(tx.tenant) AND item.import_id = \(key.batch) AND item.place = \(Int32(key.place))
                AND item.status = 'waiting' AND item.next_attempt_at <= clock_timestamp()
                AND batch.tenant_id = item.tenant_id AND batch.id = item.import_id
            RETURNING item.token_sealed, item.name, item.attempts, item.bot_id, \(BotImport.Settings.columns)
            """, as: Claimed.self)
        return row.map { row in
            ImportAttempt(
                key: key, token: row.token.flatMap { secrets.open($0, of: key) }, name: row.name,
                attempts: row.attempts, bot: row.bot, settings: row.settings)
        }
    }

    // MARK: How it ends

    /// In the transaction that stores the bot.
    /// - Returns: false when it was cancelled meanwhile.
    func stored(_ bot: ID<Bot>, in tx: TenantTransaction) async throws -> Bool {
        try await tx.execute(
            """
            UPDATE bot_import_item SET bot_id = \(bot), updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND import_id = \(key.batch) AND place = \(Int32(key.place))
                AND status = 'waiting'
            """) == 1
    }

    /// - Parameter isCounted: false when Telegram was not asked, nor could have been.
    func tryAgain(in wait: Duration, isCounted: Bool = true, in tx: TenantTransaction) async throws {
        try await tx.execute(
            """
            UPDATE bot_import_item SET updated_at = clock_timestamp(),
                attempts = attempts - \(Int32(isCounted ? 0 : 1)),
                next_attempt_at = clock_timestamp() + \(wait.microseconds) * interval '1 microsecond'
            WHERE tenant_id = \(tx.tenant) AND import_id = \(key.batch) AND place = \(Int32(key.place))
                AND status = 'waiting'
            """)
    }

    /// Before `end`, and before a bot is locked: locks are taken in the order of import, item, bot.
    func lockImport(in tx: TenantTransaction) async throws {
        try await tx.execute(
            "SELECT FROM bot_import WHERE tenant_id = \(tx.tenant) AND id = \(key.batch) FOR UPDATE")
    }

    /// Wipes the token, counts, and ends the import when it was the last.
    /// - Parameter fault: nil when the bot is connected.
    func end(_ fault: BotImportItem.Fault?, in tx: TenantTransaction) async throws {
        let isEnded = try await tx.execute(
            """
            UPDATE bot_import_item SET status = \(fault == nil ? BotImportItem.Status.registered : .failed),
                bot_id = CASE WHEN \(fault == nil) THEN bot_id END, token_sealed = NULL,
                error_code = \(fault?.code), error_detail = \(fault?.detail), updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND import_id = \(key.batch) AND place = \(Int32(key.place))
                AND status = 'waiting'
            """)
        guard isEnded == 1 else { return }
        try await tx.execute(
            """
            UPDATE bot_import SET registered = registered + \(Int32(fault == nil ? 1 : 0)),
                failed = failed + \(Int32(fault == nil ? 0 : 1)), updated_at = clock_timestamp(),
                status = CASE WHEN status = 'running' AND registered + failed + 1 >= total THEN 'finished'
                    ELSE status END
            WHERE tenant_id = \(tx.tenant) AND id = \(key.batch)
            """)
    }
}

private struct Claimed: RowDecodable {
    let token: [UInt8]?
    let name: String?
    let attempts: Int
    let bot: ID<Bot>?
    let settings: BotImport.Settings

    init(row: inout Row) throws {
        token = try row.next()
        name = try row.next()
        attempts = Int(try row.next(Int32.self))
        bot = try row.next()
        settings = try BotImport.Settings(row: &row)
    }
}
