import Platform
import Synchronization

/// The bots that have a pull consumer, of whatever tenant: nodes tell each other of their news, whoever delivers for
/// them. Part of the bot directory, and kept current with it. One whose last pull consumer is deleted stays until all
/// are read again.
package final class PulledBots: Sendable {
    private static let pageSize = 5000
    /// Transactions commit later than the `updated_at` they write, so a little more is read than is new.
    private static let overlap = Duration.seconds(5)

    private struct State {
        var bots: Set<BotKey> = []
        var refreshedAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    package init() {}

    func among(_ keys: Set<BotKey>) -> Set<BotKey> {
        state.withLock { $0.bots.isEmpty ? [] : keys.intersection($0.bots) }
    }

    /// - Parameter isFull: whether all are read, and not only what has changed since the last time.
    func refresh(isFull: Bool, in database: Database) async throws {
        let asked = ContinuousClock.now
        let last = state.withLock(\.refreshedAt)
        if let last, !isFull {
            let window = (asked - last + Self.overlap).milliseconds
            let changed = try await page(
                "AND updated_at >= clock_timestamp() - \(window) * interval '1 millisecond'", nil, database)
            state.withLock { $0.bots.formUnion(changed) }
        } else {
            var all: Set<BotKey> = []
            var page: [BotKey] = []
            repeat {
                page = try await self.page("", page.last, database, limit: Self.pageSize)
                all.formUnion(page)
            } while page.count == Self.pageSize
            state.withLock { [all] in $0.bots = all }
        }
        state.withLock { $0.refreshedAt = asked }
    }

    private func page(
        _ condition: SQL, _ last: BotKey?, _ database: Database, limit: Int? = nil
    ) async throws -> [BotKey] {
        let last = last ?? BotKey(tenant: .least, bot: .least)
        return try await database.upkeep.withConnection { connection in
            try await connection.all(
                """
                SELECT DISTINCT tenant_id, bot_id FROM consumer
                WHERE type = 'pull' AND (tenant_id, bot_id) > (\(last.tenant), \(last.bot)) \(condition)
                ORDER BY tenant_id, bot_id LIMIT \(limit.map(Int64.init))
                """, as: BotKey.self)
        }
    }
}
