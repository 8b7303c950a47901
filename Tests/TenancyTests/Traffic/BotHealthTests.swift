import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Bot health", .serialized, .timeLimit(.minutes(10)))
struct BotHealthTests {
    @Test(
        "The last hour is this one and the share of the one before that lies within; older ones do not count")
    func slidingHour() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            try await fixture.tamper(
                "UPDATE bot SET created_at = now() - interval '1 day' WHERE id = \(bot.id)")
            try await fixture.tamper("SELECT make_day_partitions(3)")
            for (ago, stored) in [(Int32(0), Int64(1000)), (1, 1_000_000), (2, 7)] {
                try await fixture.tamper(
                    """
                    INSERT INTO bot_hour (tenant_id, bot_id, day, hour, stored, failed, ingest_times, last_stored_at)
                    SELECT \(bot.tenant), \(bot.id), t::date, extract(hour FROM t)::smallint, \(stored), \(stored / 10),
                        ARRAY[0, \(stored)]::bigint[], t AT TIME ZONE 'UTC'
                    FROM (SELECT now() AT TIME ZONE 'UTC' - \(ago) * interval '1 hour') AS h (t)
                    """)
            }

            let found = try await fixture.database.read(bot.tenant) { tx in
                try await BotHealth.find(bot.id, in: tx)
            }

            let health = try #require(found)
            #expect(health.traffic.to - health.traffic.from == .seconds(3600))
            let hour: Int64 = 3_600_000_000
            let share = 1 - Double(health.traffic.to.microsecondsSince1970 % hour) / Double(hour)
            // At the turn of the hour the rows are those of one hour earlier.
            let expected = [1000 + share * 1_000_000, share * 1000]
            #expect(expected.contains { abs(Double(health.traffic.counts.stored) - $0) <= 1 })
            #expect(health.traffic.errors > 0 && health.traffic.counts.failed == health.traffic.errors)
            #expect((0.25...0.36).contains(try #require(health.traffic.ingestTimes.percentile(0.5))))
            #expect(health.traffic.deliveryTimes.percentile(0.5) == nil)
            #expect(health.lastUpdateAt != nil)
        }
    }

    @Test("A new bot's window begins with it, and another tenant's bot is not there")
    func newBot() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let stranger = try await fixture.tenant("Stranger")

            let own = try await fixture.database.read(bot.tenant) { tx in
                try await BotHealth.find(bot.id, in: tx)
            }
            let foreign = try await fixture.database.read(stranger.id) { tx in
                try await BotHealth.find(bot.id, in: tx)
            }

            #expect(own?.traffic.from == bot.createdAt)
            #expect(own?.traffic.counts == TrafficCounts())
            #expect(own?.lastUpdateAt == nil)
            #expect(foreign == nil)
        }
    }

    @Test("The list of webhooks tells each bot's own traffic, as the health of one bot does")
    func trafficOfStandings() async throws {
        try await Fixture.with { fixture in
            let busy = try await fixture.bot(in: fixture.tenant())
            let idle = try await fixture.bot(in: fixture.tenant("Idle"))
            try await fixture.tamper("UPDATE bot SET created_at = now() - interval '1 day'")
            try await fixture.tamper(
                """
                INSERT INTO bot_hour (tenant_id, bot_id, day, hour, stored, failed, ingest_times, delivery_times)
                SELECT \(busy.tenant), \(busy.id), t::date, extract(hour FROM t)::smallint, 90, 10,
                    ARRAY[0, 90]::bigint[], ARRAY[0, 0, 0, 90]::bigint[]
                FROM (SELECT now() AT TIME ZONE 'UTC') AS h (t)
                """)

            let rows = try await fixture.database.readPlatform { tx in
                try await WebhookStanding.page(nil, after: nil, limit: 10, in: tx)
            }
            let listed = Dictionary(uniqueKeysWithValues: rows.map { ($0.bot, $0.traffic) })
            let own = try await fixture.database.read(busy.tenant) { tx in
                try await (
                    WebhookStanding.page(nil, after: nil, limit: 10, in: tx).first?.traffic,
                    BotHealth.find(busy.id, in: tx)?.traffic
                )
            }

            // At the turn of the hour the row is that of the hour before, and counts in full or nearly so.
            let traffic = try #require(listed[busy.id] ?? nil)
            #expect((85...90).contains(traffic.counts.stored) && (9...10).contains(traffic.errors))
            #expect((1.4...1.5).contains(Double(traffic.counts.stored) / traffic.minutes))
            #expect(
                traffic.ingestTimes.percentile(0.5) != nil && traffic.deliveryTimes.percentile(0.99) != nil)
            #expect(listed[idle.id]??.counts == TrafficCounts())
            #expect(own.0?.counts == own.1?.counts && own.0 != nil)
        }
    }

    @Test("The list of webhooks is one tenant's, or everybody's, by state")
    func standings() async throws {
        try await Fixture.with { fixture in
            let (owner, stranger) = (try await fixture.tenant(), try await fixture.tenant("Stranger"))
            let first = try await fixture.bot(in: owner)
            let second = try await fixture.bot(in: owner)
            let foreign = try await fixture.bot(in: stranger)
            try await fixture.tamper(
                "UPDATE bot_webhook SET state = 'failing' WHERE bot_id IN (\(first.id), \(foreign.id))")

            let own = try await fixture.database.read(owner.id) { tx in
                (
                    try await WebhookStanding.page(nil, after: nil, limit: 10, in: tx).map(\.bot),
                    try await WebhookStanding.page(.failing, after: nil, limit: 10, in: tx).map(\.bot),
                    try await WebhookStanding.page(nil, after: second.id, limit: 10, in: tx).map(\.bot)
                )
            }
            let all = try await fixture.database.readPlatform { tx in
                try await WebhookStanding.page(.failing, after: nil, limit: 10, in: tx).map(\.bot)
            }

            #expect(own.0 == [second.id, first.id])
            #expect(own.1 == [first.id])
            #expect(own.2 == [first.id])
            #expect(all == [foreign.id, first.id])
        }
    }
}
