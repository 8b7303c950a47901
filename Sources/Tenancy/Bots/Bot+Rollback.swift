import Platform

extension Bot {
    /// The way back when webhooks do not work, and the way out of it.
    package enum Rollback: Sendable, Equatable {
        /// Every bot that is to have a webhook polls; its mode is kept.
        case usePolling
        /// Bots that poll because of that get the mode back that they had. One whose mode was chosen since is left.
        case useWebhook
    }

    /// What a rollback has changed for one tenant, in one transaction.
    package struct RolledBack: Sendable {
        package let tenant: ID<Tenant>
        package let bots: Int
    }

    /// Changes what is wanted, of a thousand bots at most; the reconciler brings it about, at its pace. Called until
    /// there is no `last`, in a transaction each: what came to pass before a failure stays, and whoever begins again
    /// goes on where it ended.
    /// - Parameters:
    ///   - tenant: nil for all.
    ///   - previous: the last bot that the call before has changed.
    package static func roll(
        _ rollback: Rollback, tenant: ID<Tenant>?, after previous: BotKey?, in tx: PlatformTransaction
    ) async throws -> (changed: [RolledBack], last: BotKey?) {
        let whose: SQL = tenant.map { "tenant_id = \($0)" } ?? "true"
        let rest: SQL = previous.map { "(tenant_id, id) > (\($0.tenant), \($0.bot))" } ?? "true"
        let isMeant: SQL =
            switch rollback {
            // One whose owner has deleted its webhook is to get nothing.
            case .usePolling: "mode <> 'polling' AND webhook_enabled"
            case .useWebhook: "mode = 'polling' AND mode_before_rollback IS NOT NULL"
            }
        let bots = try await tx.all(
            """
            SELECT tenant_id, id FROM bot WHERE \(whose) AND \(rest) AND status <> 'deleted' AND \(isMeant)
            ORDER BY tenant_id, id LIMIT \(Int64(rollbackPage)) FOR NO KEY UPDATE
            """, as: BotKey.self)
        guard let last = bots.last else { return ([], nil) }
        try await change(rollback, bots, in: tx)
        let changed = Dictionary(grouping: bots, by: \.tenant).map {
            RolledBack(tenant: $0.key, bots: $0.value.count)
        }
        return (changed, bots.count == rollbackPage ? last : nil)
    }

    private static let rollbackPage = 1000

    private static func change(
        _ rollback: Rollback, _ bots: [BotKey], in tx: PlatformTransaction
    ) async throws {
        let change: SQL =
            switch rollback {
            case .usePolling: "mode_before_rollback = mode, mode = 'polling'"
            case .useWebhook: "mode = mode_before_rollback, mode_before_rollback = NULL"
            }
        let keys: SQL = "SELECT * FROM unnest(\(bots.map(\.tenant)), \(bots.map(\.bot)))"
        try await tx.execute(
            "UPDATE bot SET \(change), updated_at = clock_timestamp() WHERE (tenant_id, id) IN (\(keys))")
        try await Webhook.lock(bots, in: tx)
        try await tx.execute(
            """
            UPDATE bot_webhook SET next_check_at = clock_timestamp(), last_checked_at = NULL,
                fallback_since = NULL, fallback_probes = 0
            WHERE (tenant_id, bot_id) IN (\(keys))
            """)
        try await tx.execute("SELECT pg_notify(\(BotDirectoryRefresh.channel), '')")
    }
}
