import Platform

/// How a bot's updates come in, as it was last brought about and seen at Telegram: a row of `bot_webhook`, which
/// there is for every bot, also for one that polls.
package struct Webhook: Sendable {
    package enum State: String, Sendable, PostgresCodable, CaseIterable {
        /// Set, and nothing is known to be wrong.
        case healthy
        /// Set, with errors or a backlog, but updates come in.
        case degraded
        /// Set, and no updates come in; or it cannot be set.
        case failing
        /// None, whether one is wanted or not.
        case notSet = "not_set"
        /// Somebody else's webhook, or poll, has the bot's updates.
        case conflict
    }

    package let tenant: ID<Tenant>
    package let bot: ID<Bot>
    package var state: State
    /// In words, for people; nil when there is nothing to say.
    package var reason: String?
    /// The URL last set: ours, even when another is wanted by now.
    package var url: String?
    package var report: WebhookReport
    package var lastCheckedAt: Timestamp?
    package var lastRepairedAt: Timestamp?
    package var nextCheckAt: Timestamp
    /// Checks in a row that found something wrong.
    package var failures: Int
    package var failingSince: Timestamp?
    /// Since when a hybrid bot polls because its webhook failed.
    package var fallbackSince: Timestamp?
    /// How often going back was tried since.
    package var fallbackProbes: Int
    /// When the newest secret was set at Telegram.
    package var secretSetAt: Timestamp?
    /// When a request first had the newest secret, while older ones are valid still.
    package var secretSeenAt: Timestamp?
    package let updatedAt: Timestamp
}

/// What Telegram last told of the webhook (Bot API, WebhookInfo).
package struct WebhookReport: Sendable, Equatable {
    /// Of somebody else's URL scheme and host only. Empty for none; nil when Telegram has not been asked.
    package var url: String?
    package var pendingUpdateCount: Int?
    package var hasCustomCertificate: Bool?
    package var ipAddress: String?
    package var lastErrorAt: Timestamp?
    package var lastErrorMessage: String?
    package var lastSynchronizationErrorAt: Timestamp?
    package var maxConnections: Int?
    /// nil: Telegram's defaults.
    package var allowedUpdates: [String]?

    package init() {}
}

extension Webhook: RowDecodable {
    static let columns: SQL =
        """
        tenant_id, bot_id, state, reason, url, reported_url, pending_update_count, has_custom_certificate, ip_address,
        last_error_at, last_error_message, last_synchronization_error_at, reported_max_connections,
        reported_allowed_updates, last_checked_at, last_repaired_at, next_check_at, failures, failing_since,
        fallback_since, fallback_probes, secret_set_at, secret_seen_at, updated_at
        """

    package init(row: inout Row) throws {
        tenant = try row.next()
        bot = try row.next()
        state = try row.next()
        reason = try row.next()
        url = try row.next()
        report = try WebhookReport(row: &row)
        lastCheckedAt = try row.next()
        lastRepairedAt = try row.next()
        nextCheckAt = try row.next()
        failures = Int(try row.next(Int32.self))
        failingSince = try row.next()
        fallbackSince = try row.next()
        fallbackProbes = Int(try row.next(Int32.self))
        secretSetAt = try row.next()
        secretSeenAt = try row.next()
        updatedAt = try row.next()
    }
}

extension WebhookReport {
    fileprivate init(row: inout Row) throws {
        url = try row.next()
        pendingUpdateCount = try row.next(Int32?.self).map { Int($0) }
        hasCustomCertificate = try row.next(Bool?.self)
        ipAddress = try row.next()
        lastErrorAt = try row.next()
        lastErrorMessage = try row.next()
        lastSynchronizationErrorAt = try row.next()
        maxConnections = try row.next(Int32?.self).map { Int($0) }
        allowedUpdates = try row.next([String]?.self)
    }
}

extension Webhook {
    /// - Returns: nil when the tenant has no such bot.
    package static func find(_ bot: ID<Bot>, in tx: TenantTransaction) async throws -> Webhook? {
        try await tx.first(
            "SELECT \(columns) FROM bot_webhook WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot)")
    }

    /// Those of several bots, by bot.
    package static func find(_ bots: [ID<Bot>], in tx: TenantTransaction) async throws -> [ID<Bot>: Webhook] {
        let rows = try await tx.all(
            "SELECT \(columns) FROM bot_webhook WHERE tenant_id = \(tx.tenant) AND bot_id = ANY (\(bots))",
            as: Webhook.self)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.bot, $0) })
    }

    /// Has the reconciler look at the bot at the next opportunity.
    package static func expedite(_ bot: ID<Bot>, in tx: TenantTransaction) async throws {
        try await tx.execute(
            """
            UPDATE bot_webhook SET next_check_at = clock_timestamp(), last_checked_at = NULL
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot)
            """)
    }
}
