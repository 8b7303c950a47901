import Platform

extension BotImport {
    /// A bot to be imported.
    package struct NewItem: Sendable {
        package let token: BotToken
        package let name: String?

        package init(token: BotToken, name: String?) {
            self.token = token
            self.name = name
        }
    }

    /// As many bots of the tenant as may wait, or more than are left of that, wait already.
    package struct LimitReached: Error, CustomStringConvertible {
        package let limit: Int
        package var description: String { "no more than \(limit) bots of a tenant may wait to be imported" }
    }

    /// Of one tenant, in all its imports. At Telegram's pace that is most of a day.
    package static let mostWaiting = 10_000

    /// - Parameter author: TypeID of the admin, account or API key.
    /// - Throws: `LimitReached`
    package static func create(
        _ items: [NewItem], _ settings: Settings, by author: String, box: SecretBox,
        in tx: TenantTransaction
    ) async throws -> BotImport {
        try await requireRoom(for: items.count, in: tx)
        let (id, secrets) = (ID<BotImport>(), ImportSecrets(box))
        let made = try await tx.first(
            """
            INSERT INTO bot_import (tenant_id, id, mode, max_connections, allowed_updates, auto_refresh, take_over,
                total, created_by)
            VALUES (\(tx.tenant), \(id), \(settings.mode), \(settings.maxConnections.map { Int32($0) }),
                \(settings.allowedUpdates), \(settings.isAutoRefreshed), \(settings.takesOver),
                \(Int32(items.count)), \(author))
            RETURNING \(columns)
            """, as: BotImport.self)
        guard let made else { throw PostgresError.unexpectedResult("no row from INSERT") }
        let sealed = try items.enumerated().map { place, item in
            try secrets.seal(item.token, of: .init(tenant: tx.tenant, batch: id, place: place))
        }
        try await tx.execute(
            """
            INSERT INTO bot_import_item (tenant_id, import_id, place, telegram_id, name, token_sealed)
            SELECT \(tx.tenant), \(id), place, telegram_id, name, token
            FROM unnest(\(items.indices.map { Int32($0) }), \(items.map(\.token.telegramID)),
                \(items.map(\.name)), \(sealed)) AS n (place, telegram_id, name, token)
            """)
        return made
    }

    /// Keeps others from beginning an import of the tenant until the transaction ends: what is counted stays true.
    private static func requireRoom(for count: Int, in tx: TenantTransaction) async throws {
        guard try await Tenant.locked(in: tx) != nil else { throw Tenant.Missing() }
        let waiting = try await tx.value(
            """
            SELECT coalesce(sum(total - registered - failed), 0)::bigint FROM bot_import
            WHERE tenant_id = \(tx.tenant) AND status = 'running'
            """, as: Int64.self)
        guard Int(waiting ?? 0) + count <= mostWaiting else { throw LimitReached(limit: mostWaiting) }
    }

    /// Newest first.
    package static func page(
        after last: ID<BotImport>?, limit: Int, in tx: TenantTransaction
    ) async throws -> [BotImport] {
        let rest: SQL = last.map { "AND id < \($0)" } ?? ""
        return try await tx.all(
            """
            SELECT \(columns) FROM bot_import WHERE tenant_id = \(tx.tenant) \(rest)
            ORDER BY id DESC LIMIT \(Int64(limit))
            """)
    }

    /// - Returns: nil when this tenant has no such import.
    package static func find(_ id: ID<BotImport>, in tx: TenantTransaction) async throws -> BotImport? {
        try await tx.first(
            "SELECT \(columns) FROM bot_import WHERE tenant_id = \(tx.tenant) AND id = \(id)")
    }

    /// Its bots in their order.
    /// - Parameter last: the place of the last one before.
    package func items(
        _ status: BotImportItem.Status?, after last: Int?, limit: Int, in tx: TenantTransaction
    ) async throws -> [BotImportItem] {
        let narrowed: SQL = status.map { "AND status = \($0)" } ?? ""
        return try await tx.all(
            """
            SELECT \(BotImportItem.columns) FROM bot_import_item
            WHERE tenant_id = \(tx.tenant) AND import_id = \(id) AND place > \(Int32(clamping: last ?? -1)) \(narrowed)
            ORDER BY place LIMIT \(Int64(limit))
            """)
    }

    /// What waits is wiped, but for a bot that is just being connected: that one is. One that has ended stays as it is.
    /// - Returns: nil when this tenant has no such import.
    package static func cancel(_ id: ID<BotImport>, in tx: TenantTransaction) async throws -> BotImport? {
        // Whoever changes an item changes the import first: one order of locks.
        let changed = try await tx.first(
            """
            UPDATE bot_import SET status = 'cancelled', updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id) AND status = 'running' RETURNING \(columns)
            """, as: BotImport.self)
        guard let changed else { return try await find(id, in: tx) }
        try await tx.execute(
            """
            UPDATE bot_import_item SET status = 'cancelled', token_sealed = NULL, updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND import_id = \(id) AND status = 'waiting' AND bot_id IS NULL
            """)
        return changed
    }

    /// Those that ended a month ago, of all tenants.
    static func deleteOld(in tx: PlatformTransaction) async throws {
        try await tx.execute(
            """
            DELETE FROM bot_import
            WHERE status <> 'running' AND updated_at < clock_timestamp() - interval '30 days'
                AND NOT EXISTS (
                    SELECT FROM bot_import_item item
                    WHERE item.tenant_id = bot_import.tenant_id AND item.import_id = bot_import.id
                        AND item.status = 'waiting')
            """)
    }

    /// Of the transaction's tenant, which is being deleted.
    static func cancelAll(in tx: TenantTransaction) async throws {
        try await tx.execute(
            """
            UPDATE bot_import SET status = 'cancelled', updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND status = 'running'
            """)
        try await tx.execute(
            """
            UPDATE bot_import_item SET status = 'cancelled', token_sealed = NULL, updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND status = 'waiting'
            """)
    }
}
