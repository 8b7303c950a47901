import Platform

extension Webhook {
    private static let page = 1000

    /// Has the reconciler look at every bot whose webhook has an address of the installation's. A transaction for a
    /// thousand bots each; those that were found are looked at also when it ends with an error.
    package static func expediteAll(in database: Database) async throws {
        var previous: BotKey?
        repeat {
            previous = try await database.job { [previous] tx in
                try await expeditePage(after: previous, in: tx)
            }
        } while previous != nil
    }

    /// - Returns: the last bot; nil when there are no more.
    private static func expeditePage(
        after previous: BotKey?, in tx: PlatformTransaction
    ) async throws -> BotKey? {
        let rest: SQL = previous.map { "AND (tenant_id, id) > (\($0.tenant), \($0.bot))" } ?? ""
        let bots = try await tx.all(
            """
            SELECT tenant_id, id FROM bot
            WHERE status = 'active' AND mode <> 'polling' AND webhook_url IS NULL \(rest)
            ORDER BY tenant_id, id LIMIT \(Int64(page))
            """, as: BotKey.self)
        try await lock(bots, in: tx)
        try await tx.execute(
            """
            UPDATE bot_webhook SET next_check_at = clock_timestamp(), last_checked_at = NULL
            WHERE (tenant_id, bot_id) IN (SELECT * FROM unnest(\(bots.map(\.tenant)), \(bots.map(\.bot))))
            """)
        return bots.count == page ? bots.last : nil
    }
}
