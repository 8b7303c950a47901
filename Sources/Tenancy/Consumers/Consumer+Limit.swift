import Platform

extension Consumer {
    /// The bot has as many consumers as one of its tenant's may have.
    package struct LimitReached: Error, CustomStringConvertible {
        package let limit: Int
        package var description: String { "the bot may have \(limit) consumers, and has them" }
    }

    /// Keeps others from making a consumer of the bot until the transaction ends: what is counted stays true. Replays
    /// do not count.
    static func requireRoom(of bot: ID<Bot>, in tx: TenantTransaction) async throws {
        guard try await Bot.locked(bot, in: tx) != nil else { return }
        guard let tenant = try await Tenant.current(in: tx), let limit = tenant.limits[.consumersPerBot]
        else { return }
        let count = try await tx.value(
            """
            SELECT count(*) FROM consumer
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot) AND type <> 'replay'
            """, as: Int64.self)
        guard (count ?? 0) < Int64(limit) else { throw LimitReached(limit: limit) }
    }
}
