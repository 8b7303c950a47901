import Platform

/// How a bot fared in the hour until now, as far as it has been written down: that of a busy bot lags seconds behind.
///
/// Counts are kept by the hour of the clock. Of the hour before this one, the share counts that lies within the time
/// looked at.
package struct BotHealth: Sendable {
    package let bot: Bot
    package let webhook: Webhook
    package let lastUpdateAt: Timestamp?
    /// The last hour, or since the bot was connected.
    package let from: Timestamp
    package let to: Timestamp
    package let counts: TrafficCounts
    package let ingestTimes: DurationShares
    package let deliveryTimes: DurationShares

    package var minutes: Double { max(1, (to - from).seconds / 60) }

    /// What was turned away, and what could not be stored.
    package var errors: Int64 {
        counts.wrongSecret + counts.limited + counts.forbidden + counts.invalid + counts.failed
    }
}

extension BotHealth {
    /// - Returns: nil when the tenant has no such bot.
    package static func find(_ id: ID<Bot>, in tx: TenantTransaction) async throws -> BotHealth? {
        guard let bot = try await Bot.find(id, in: tx), let webhook = try await Webhook.find(id, in: tx)
        else {
            return nil
        }
        let times = try await tx.first(
            """
            SELECT now(), (SELECT last_stored_at FROM bot_hour
                WHERE tenant_id = \(tx.tenant) AND bot_id = \(id) AND last_stored_at IS NOT NULL
                ORDER BY day DESC, hour DESC LIMIT 1)
            """, as: Times.self)
        guard let times else { throw PostgresError.unexpectedResult("no row from SELECT") }
        let hours = try await tx.all(
            """
            SELECT day + hour * interval '1 hour' = date_trunc('hour', now() AT TIME ZONE 'UTC'),
                \(TrafficCounts.columns)
            FROM bot_hour
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(id)
                AND day >= (now() AT TIME ZONE 'UTC' - interval '1 hour')::date
                AND day + hour * interval '1 hour'
                    >= date_trunc('hour', now() AT TIME ZONE 'UTC') - interval '1 hour'
            """, as: Hour.self)
        return BotHealth(bot, webhook, hours, times)
    }

    private init(_ bot: Bot, _ webhook: Webhook, _ hours: [Hour], _ times: Times) {
        self.bot = bot
        self.webhook = webhook
        lastUpdateAt = times.lastStored
        to = times.now
        from = min(max(to - .seconds(3600), bot.createdAt), to)
        let hour: Int64 = 3_600_000_000
        let share = 1 - Double(to.microsecondsSince1970 % hour) / Double(hour)
        var counts = TrafficCounts()
        var (ingest, delivery) = (DurationShares(), DurationShares())
        for row in hours {
            let share = row.isPresent ? 1 : share
            counts.add(row.counts.share(share))
            ingest.add(row.counts.ingestTimes, share: share)
            delivery.add(row.counts.deliveryTimes, share: share)
        }
        self.counts = counts
        ingestTimes = ingest
        deliveryTimes = delivery
    }

    private struct Times: RowDecodable {
        let now: Timestamp
        let lastStored: Timestamp?
        init(row: inout Row) throws {
            now = try row.next()
            lastStored = try row.next()
        }
    }

    private struct Hour: RowDecodable {
        /// Of two, the one that is not over.
        let isPresent: Bool
        let counts: TrafficCounts
        init(row: inout Row) throws {
            isPresent = try row.next(Bool.self)
            counts = try TrafficCounts(row: &row)
        }
    }
}
