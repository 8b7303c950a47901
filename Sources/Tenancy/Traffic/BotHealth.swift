import Platform

/// How a bot fared in the hour until now.
package struct BotHealth: Sendable {
    package let bot: Bot
    package let webhook: Webhook
    package let lastUpdateAt: Timestamp?
    package let traffic: HourTraffic
}

extension BotHealth {
    /// - Returns: nil when the tenant has no such bot.
    package static func find(_ id: ID<Bot>, in tx: TenantTransaction) async throws -> BotHealth? {
        guard let bot = try await Bot.find(id, in: tx), let webhook = try await Webhook.find(id, in: tx)
        else {
            return nil
        }
        let last = try await tx.first(
            """
            SELECT last_stored_at FROM bot_hour
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(id) AND last_stored_at IS NOT NULL
            ORDER BY day DESC, hour DESC LIMIT 1
            """, as: Last.self)
        let traffic = try await HourTraffic.find([.init(bot: bot.key, since: bot.createdAt)], in: tx)
        return traffic[id].map {
            BotHealth(bot: bot, webhook: webhook, lastUpdateAt: last?.time, traffic: $0)
        }
    }

    private struct Last: RowDecodable {
        let time: Timestamp
        init(row: inout Row) throws { time = try row.next() }
    }
}
