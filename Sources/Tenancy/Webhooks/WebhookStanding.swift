import Platform

/// A bot and how it gets its updates, in short: a line of the list of all bots' health.
package struct WebhookStanding: Sendable {
    package let bot: ID<Bot>
    package let tenant: ID<Tenant>
    package let name: String
    package let username: String?
    package let mode: Bot.Mode
    package let transport: Bot.Transport
    package let status: Bot.Status
    package let state: Webhook.State
    package let reason: String?
    package let pendingUpdateCount: Int?
    package let lastErrorMessage: String?
    package let lastCheckedAt: Timestamp?
    private let createdAt: Timestamp
    /// nil until `page` has found it.
    package private(set) var traffic: HourTraffic?
}

extension WebhookStanding: RowDecodable {
    package init(row: inout Row) throws {
        bot = try row.next()
        tenant = try row.next()
        name = try row.next()
        username = try row.next()
        mode = try row.next()
        transport = try row.next()
        status = try row.next()
        state = try row.next()
        reason = try row.next()
        pendingUpdateCount = try row.next(Int32?.self).map { Int($0) }
        lastErrorMessage = try row.next()
        lastCheckedAt = try row.next()
        createdAt = try row.next()
    }
}

extension WebhookStanding {
    /// The transaction's tenant's, newest bots first.
    package static func page(
        _ state: Webhook.State?, after last: ID<Bot>?, limit: Int, in tx: TenantTransaction
    ) async throws -> [WebhookStanding] {
        try await withTraffic(
            try await tx.all(select("bot.tenant_id = \(tx.tenant)", state, last, limit)), in: tx)
    }

    /// Every tenant's, newest bots first.
    package static func page(
        _ state: Webhook.State?, after last: ID<Bot>?, limit: Int, in tx: PlatformTransaction
    ) async throws -> [WebhookStanding] {
        try await withTraffic(try await tx.all(select("true", state, last, limit)), in: tx)
    }

    private static func withTraffic(
        _ rows: [WebhookStanding], in tx: some DatabaseTransaction
    ) async throws -> [WebhookStanding] {
        let traffic = try await HourTraffic.find(
            rows.map { .init(bot: BotKey(tenant: $0.tenant, bot: $0.bot), since: $0.createdAt) }, in: tx)
        return rows.map { row in
            var row = row
            row.traffic = traffic[row.bot]
            return row
        }
    }

    private static func select(_ whose: SQL, _ state: Webhook.State?, _ last: ID<Bot>?, _ limit: Int) -> SQL {
        let wanted: SQL = state.map { "AND w.state = \($0)" } ?? ""
        let rest: SQL = last.map { "AND bot.id < \($0)" } ?? ""
        return """
            SELECT bot.id, bot.tenant_id, bot.name, bot.username, bot.mode, bot.transport, bot.status, w.state, w.reason,
                w.pending_update_count, w.last_error_message, w.last_checked_at, bot.created_at
            FROM bot JOIN bot_webhook AS w ON w.tenant_id = bot.tenant_id AND w.bot_id = bot.id
            WHERE \(whose) AND bot.status <> 'deleted' \(wanted) \(rest)
            ORDER BY bot.id DESC LIMIT \(Int64(limit))
            """
    }
}
