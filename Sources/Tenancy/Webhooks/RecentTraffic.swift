import Platform

/// What we answered to a bot's webhook requests lately (`bot_hour`), and whether its tenant may work: tells an error
/// on our side from one on the way.
struct RecentTraffic: Sendable, Equatable {
    var isTenantActive = true
    var lastStoredAt: Timestamp?
    /// When the last 403, 429 or 5xx was answered.
    var lastRefusedAt: Timestamp?
    var forbidden: Int64 = 0
    var limited: Int64 = 0
    var failed: Int64 = 0

    /// Counts reach the table late.
    private static let about = Duration.seconds(120)

    /// Of this hour and the last one.
    static func find(_ bot: ID<Bot>, in tx: TenantTransaction) async throws -> RecentTraffic {
        let found = try await tx.first(
            """
            SELECT (SELECT status = 'active' FROM tenant WHERE id = \(tx.tenant)), max(last_stored_at),
                max(last_refused_at), coalesce(sum(forbidden), 0)::bigint, coalesce(sum(limited), 0)::bigint,
                coalesce(sum(failed), 0)::bigint
            FROM bot_hour
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot)
                AND day >= ((clock_timestamp() - interval '1 hour') AT TIME ZONE 'UTC')::date
                AND day + hour * interval '1 hour'
                    >= date_trunc('hour', (clock_timestamp() - interval '1 hour') AT TIME ZONE 'UTC')
            """, as: RecentTraffic.self)
        return found ?? RecentTraffic()
    }

    /// Why our own side is the cause of what Telegram complains of; nil when it is not.
    func cause(of facts: WebhookJudgement.Case) -> String? {
        if !isTenantActive { return "the tenant is suspended, and its updates are refused" }
        guard let lastRefusedAt, forbidden + limited + failed > 0 else { return nil }
        let since = facts.report.lastErrorAt ?? facts.now
        guard lastRefusedAt >= since - Self.about else { return nil }
        // What there was most of.
        if limited >= forbidden, limited >= failed {
            return "the bot gets more updates than its limit allows (429)"
        }
        return failed >= forbidden
            ? "updates could not be stored (5xx)" : "updates were refused by address (403)"
    }
}

extension RecentTraffic: RowDecodable {
    init(row: inout Row) throws {
        isTenantActive = try row.next(Bool?.self) ?? false
        lastStoredAt = try row.next()
        lastRefusedAt = try row.next()
        forbidden = try row.next()
        limited = try row.next()
        failed = try row.next()
    }
}
