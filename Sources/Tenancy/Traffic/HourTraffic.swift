import Platform

/// What came in for a bot and what went out in the hour until now, as far as it has been written down: that of a busy
/// bot lags seconds behind.
///
/// Counts are kept by the hour of the clock. Of the hour before this one, the share counts that lies within the time
/// looked at.
package struct HourTraffic: Sendable {
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

    private init(since start: Timestamp, to now: Timestamp, _ hours: [Hour]) {
        to = now
        from = min(max(now - .seconds(3600), start), now)
        let hour: Int64 = 3_600_000_000
        let share = 1 - Double(now.microsecondsSince1970 % hour) / Double(hour)
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

    private struct Hour: RowDecodable {
        let bot: ID<Bot>
        /// Of two, the one that is not over.
        let isPresent: Bool
        let counts: TrafficCounts

        init(row: inout Row) throws {
            bot = try row.next()
            isPresent = try row.next(Bool.self)
            counts = try TrafficCounts(row: &row)
        }
    }

    private struct Clock: RowDecodable {
        let now: Timestamp
        init(row: inout Row) throws { now = try row.next() }
    }
}

extension HourTraffic {
    /// One that traffic is asked of.
    struct Subject: Sendable {
        let bot: BotKey
        /// When it was connected.
        let since: Timestamp
    }

    /// - Returns: of each of `bots`; zeros where nothing has come.
    static func find(_ bots: [Subject], in tx: some DatabaseTransaction) async throws -> [ID<Bot>:
        HourTraffic]
    {
        guard !bots.isEmpty else { return [:] }
        guard let clock = try await tx.first("SELECT now()", as: Clock.self) else {
            throw PostgresError.unexpectedResult("no row from SELECT")
        }
        let hours = try await tx.all(
            """
            SELECT bot_id, day + hour * interval '1 hour' = date_trunc('hour', now() AT TIME ZONE 'UTC'),
                \(TrafficCounts.columns)
            FROM bot_hour
            WHERE (tenant_id, bot_id) IN (SELECT * FROM unnest(\(bots.map(\.bot.tenant)), \(bots.map(\.bot.bot))))
                AND day >= (now() AT TIME ZONE 'UTC' - interval '1 hour')::date
                AND day + hour * interval '1 hour'
                    >= date_trunc('hour', now() AT TIME ZONE 'UTC') - interval '1 hour'
            """, as: Hour.self)
        let byBot = Dictionary(grouping: hours, by: \.bot)
        return Dictionary(
            uniqueKeysWithValues: bots.map { subject in
                let hours = byBot[subject.bot.bot] ?? []
                return (subject.bot.bot, HourTraffic(since: subject.since, to: clock.now, hours))
            })
    }
}
