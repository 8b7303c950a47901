import Platform

/// Where in one bot's log a time is. The log has no index by time, but no time in it runs against the positions: so a
/// few dozen looks at the index by position find it.
struct LogTimes: Sendable {
    let bot: BotKey
    /// Of update_log: others are not looked at.
    let days: SQL

    struct Entry: Sendable, RowDecodable {
        let position: Int64
        let receivedAt: Timestamp

        init(row: inout Row) throws {
            position = try row.next()
            receivedAt = try row.next()
        }
    }

    /// - Returns: nil when there is nothing.
    func edges(in tx: TenantTransaction) async throws -> (first: Entry, last: Entry)? {
        guard let first = try await entry("true", "ASC", in: tx),
            let last = try await entry("true", "DESC", in: tx)
        else { return nil }
        return (first, last)
    }

    /// - Returns: the first position at that time or later; nil when all is earlier.
    func first(
        at time: Timestamp, within edges: (first: Entry, last: Entry), in tx: TenantTransaction
    ) async throws -> Int64? {
        guard edges.last.receivedAt >= time else { return nil }
        guard edges.first.receivedAt < time else { return edges.first.position }
        // What is at `low` is earlier; of what is at `high` or beyond it, `found` is the first.
        var (low, high, found) = (edges.first.position, edges.last.position, edges.last.position)
        while low + 1 < high {
            let middle = low + (high - low) / 2
            guard let entry = try await entry("position >= \(middle)", "ASC", in: tx) else { break }
            if entry.receivedAt >= time {
                (high, found) = (middle, entry.position)
            } else {
                low = entry.position
            }
        }
        return found
    }

    func last(before position: Int64, in tx: TenantTransaction) async throws -> Int64? {
        try await entry("position < \(position)", "DESC", in: tx)?.position
    }

    private func entry(_ isMeant: SQL, _ order: SQL, in tx: TenantTransaction) async throws -> Entry? {
        try await tx.first(
            """
            SELECT position, received_at FROM update_log
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot.bot) AND \(days) AND \(isMeant)
            ORDER BY position \(order) LIMIT 1
            """, as: Entry.self)
    }
}
