import FoundationEssentials
import Platform

/// The exclusive right to work on a bot at Telegram, with all that it takes. It runs out by itself, so that a node
/// that dies leaves nothing locked.
///
/// Locks are taken in one order: `bot`, then `bot_webhook`.
package struct BotWork: Sendable {
    /// Somebody else is at it.
    package struct Busy: Error {}
    /// The bot was deleted meanwhile.
    struct Gone: Error {}

    /// Longer than all calls of one piece of work may take together.
    static let time = Duration.seconds(90)

    package let id: UUID
    package var bot: Bot
    package var webhook: Webhook
    /// nil when it cannot be opened: the master key is not the one it was sealed with.
    package var token: BotToken?
    /// Webhook secrets, newest first.
    package var secrets: [String]
    /// Whether the webhook was changed at Telegram, or may have been.
    var isTouched = false

    package var key: BotKey { bot.key }

    /// - Returns: nil when the tenant has no such bot.
    /// - Throws: `Busy`
    package static func claim(_ bot: ID<Bot>, box: BotSecrets, in tx: TenantTransaction) async throws
        -> BotWork?
    {
        let id = UUID()
        let webhook = try await tx.first(
            """
            UPDATE bot_webhook SET work_id = \(id),
                work_until = clock_timestamp() + \(Int32(time.components.seconds)) * interval '1 second'
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot) AND work_until < clock_timestamp()
            RETURNING \(Webhook.columns)
            """, as: Webhook.self)
        guard let found = try await Stored.find(bot, in: tx) else { return nil }
        guard let webhook else { throw Busy() }
        return BotWork(id: id, found, webhook, box: box)
    }

    /// Claims up to `limit` bots of any tenant whose check is due and that nobody works on.
    /// Those of no live bot are put off for a month.
    /// - Parameter checkedBefore: those looked at since are left out, unless something was wrong.
    static func claimDue(
        _ limit: Int, checkedBefore: Timestamp, box: BotSecrets, in tx: PlatformTransaction
    ) async throws -> [BotWork] {
        let id = UUID()
        let webhooks = try await tx.all(
            """
            UPDATE bot_webhook SET work_id = \(id),
                work_until = clock_timestamp() + \(Int32(time.components.seconds)) * interval '1 second'
            WHERE (tenant_id, bot_id) IN (\(due(limit, checkedBefore: checkedBefore)))
            RETURNING \(Webhook.columns)
            """, as: Webhook.self)
        guard !webhooks.isEmpty else { return [] }
        let bots = try await Stored.find(webhooks.map { ($0.tenant, $0.bot) }, in: tx)
        if bots.count < webhooks.count {
            try await tx.execute(
                """
                UPDATE bot_webhook SET next_check_at = clock_timestamp() + interval '30 days', work_id = NULL,
                    work_until = '-infinity'
                WHERE work_id = \(id) AND (tenant_id, bot_id) IN (SELECT * FROM unnest(
                    \(webhooks.map(\.tenant)), \(webhooks.map(\.bot)))) AND NOT bot_id = ANY (\(Array(bots.keys)))
                """)
        }
        return webhooks.compactMap { webhook in
            bots[webhook.bot].map { BotWork(id: id, $0, webhook, box: box) }
        }
    }

    /// The time is the statement's: with `clock_timestamp()`, which changes from row to row, the index would be read to
    /// its end.
    static func due(_ limit: Int, checkedBefore: Timestamp) -> SQL {
        """
        SELECT tenant_id, bot_id FROM bot_webhook
        WHERE next_check_at <= statement_timestamp() AND work_until < statement_timestamp()
            AND (last_checked_at IS NULL OR last_checked_at < \(checkedBefore)
                OR failures > 0 OR fallback_probes > 0 OR fallback_since IS NOT NULL)
        ORDER BY next_check_at LIMIT \(Int64(limit)) FOR UPDATE SKIP LOCKED
        """
    }

    private init(id: UUID, _ stored: Stored, _ webhook: Webhook, box: BotSecrets) {
        self.id = id
        bot = stored.bot
        self.webhook = webhook
        let key = stored.bot.key
        token = stored.token
            .flatMap { try? box.open($0, .token, of: key.bot, key.tenant) }
            .flatMap(BotToken.init)
        secrets = stored.webhookSecrets.compactMap {
            try? box.open($0, .webhookSecret, of: key.bot, key.tenant)
        }
    }
}

/// A bot with its secrets, sealed.
private struct Stored: RowDecodable {
    static let columns: SQL = "\(Bot.columns), token_sealed, webhook_secrets"

    let bot: Bot
    let token: [UInt8]?
    let webhookSecrets: [[UInt8]]

    init(row: inout Row) throws {
        bot = try Bot(row: &row)
        token = try row.next()
        webhookSecrets = try row.next()
    }

    static func find(_ bot: ID<Bot>, in tx: TenantTransaction) async throws -> Stored? {
        try await tx.first(
            """
            SELECT \(columns) FROM bot WHERE tenant_id = \(tx.tenant) AND id = \(bot) AND status <> 'deleted'
            """)
    }

    static func find(
        _ keys: [(tenant: ID<Tenant>, bot: ID<Bot>)], in tx: PlatformTransaction
    ) async throws -> [ID<Bot>: Stored] {
        let rows = try await tx.all(
            """
            SELECT \(columns) FROM bot
            WHERE (tenant_id, id) IN (SELECT * FROM unnest(\(keys.map(\.tenant)), \(keys.map(\.bot))))
                AND status <> 'deleted'
            """, as: Stored.self)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.bot.id, $0) })
    }
}
