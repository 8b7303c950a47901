import Platform

extension Bot {
    /// The way back when webhooks do not work, and the way out of it.
    package enum Rollback: Sendable, Equatable {
        /// Every bot that is to have a webhook polls; its mode is kept.
        case usePolling
        /// Bots that poll because of that get the mode back that they had. One whose mode was chosen since is left.
        case useWebhook
    }

    /// What a rollback has changed for one tenant.
    package struct RolledBack: Sendable, RowDecodable {
        package let tenant: ID<Tenant>
        package let bots: Int

        package init(row: inout Row) throws {
            tenant = try row.next()
            bots = Int(try row.next(Int64.self))
        }
    }

    /// Changes what is wanted; the reconciler brings it about, at its pace.
    /// - Parameter tenant: nil for all.
    package static func roll(
        _ rollback: Rollback, tenant: ID<Tenant>?, in tx: PlatformTransaction
    ) async throws -> [RolledBack] {
        let whose: SQL = tenant.map { "tenant_id = \($0)" } ?? "true"
        let change: SQL =
            switch rollback {
            case .usePolling: "mode_before_rollback = mode, mode = 'polling'"
            case .useWebhook: "mode = mode_before_rollback, mode_before_rollback = NULL"
            }
        let isMeant: SQL =
            switch rollback {
            // One whose owner has deleted its webhook is to get nothing.
            case .usePolling: "mode <> 'polling' AND webhook_enabled"
            case .useWebhook: "mode = 'polling' AND mode_before_rollback IS NOT NULL"
            }
        let rolled = try await tx.all(
            """
            WITH rolled AS (
                UPDATE bot SET \(change), updated_at = clock_timestamp()
                WHERE \(whose) AND status <> 'deleted' AND \(isMeant)
                RETURNING tenant_id, id),
            due AS (
                UPDATE bot_webhook AS w SET next_check_at = clock_timestamp(), last_checked_at = NULL,
                    fallback_since = NULL, fallback_probes = 0
                FROM rolled WHERE w.tenant_id = rolled.tenant_id AND w.bot_id = rolled.id)
            SELECT tenant_id, count(*) FROM rolled GROUP BY tenant_id ORDER BY tenant_id
            """, as: RolledBack.self)
        if !rolled.isEmpty { try await tx.execute("SELECT pg_notify(\(BotDirectoryRefresh.channel), '')") }
        return rolled
    }
}
