import FoundationEssentials
import Platform

/// What a look at a bot has given when there is nothing to do: written down for many bots in one statement. Gives the
/// right to work on the bot back.
struct CheckResult: Sendable {
    let claimed: BotWork
    /// nil when Telegram was not asked, or did not answer: what was known stays.
    var pendingUpdateCount: Int?
    var checkedAt: Timestamp?
    let nextCheckAt: Timestamp

    /// Writes all of them. A bot that somebody wants looked at since it was claimed keeps its earlier date.
    static func save(_ results: [CheckResult], in tx: PlatformTransaction) async throws {
        try await Webhook.lock(results.map(\.claimed.key), in: tx)
        let looks = results.filter { $0.checkedAt != nil }
        if !looks.isEmpty { try await saveLooks(looks, in: tx) }
        let others = results.filter { $0.checkedAt == nil }
        if !others.isEmpty { try await postpone(others, in: tx) }
    }

    private static func saveLooks(_ results: [CheckResult], in tx: PlatformTransaction) async throws {
        try await tx.execute(
            """
            UPDATE bot_webhook AS w SET pending_update_count = r.pending,
                last_checked_at = CASE WHEN w.next_check_at = r.due THEN r.checked ELSE w.last_checked_at END,
                next_check_at = CASE WHEN w.next_check_at = r.due THEN r.next ELSE w.next_check_at END,
                work_id = NULL, work_until = '-infinity', updated_at = clock_timestamp()
            FROM unnest(\(results.map(\.claimed.bot.tenant)), \(results.map(\.claimed.bot.id)),
                \(results.map(\.claimed.id)), \(results.map(\.claimed.webhook.nextCheckAt)),
                \(results.map { Int32(clamping: $0.pendingUpdateCount ?? 0) }),
                \(results.map { $0.checkedAt ?? $0.nextCheckAt }), \(results.map(\.nextCheckAt)))
                AS r (tenant, bot, work, due, pending, checked, next)
            WHERE w.tenant_id = r.tenant AND w.bot_id = r.bot AND w.work_id = r.work
            """)
    }

    /// The right may have been given back already, but nobody else may have it.
    private static func postpone(_ results: [CheckResult], in tx: PlatformTransaction) async throws {
        try await tx.execute(
            """
            UPDATE bot_webhook AS w SET next_check_at = CASE WHEN w.next_check_at = r.due THEN r.next
                    ELSE w.next_check_at END,
                work_id = NULL, work_until = '-infinity'
            FROM unnest(\(results.map(\.claimed.bot.tenant)), \(results.map(\.claimed.bot.id)),
                \(results.map(\.claimed.id)), \(results.map(\.claimed.webhook.nextCheckAt)),
                \(results.map(\.nextCheckAt)))
                AS r (tenant, bot, work, due, next)
            WHERE w.tenant_id = r.tenant AND w.bot_id = r.bot AND coalesce(w.work_id = r.work, true)
            """)
    }
}
