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
            #expect(health.to - health.from == .seconds(3600))
            let hour: Int64 = 3_600_000_000
            let share = 1 - Double(health.to.microsecondsSince1970 % hour) / Double(hour)
            // At the turn of the hour the rows are those of one hour earlier.
            let expected = [1000 + share * 1_000_000, share * 1000]
            #expect(expected.contains { abs(Double(health.counts.stored) - $0) <= 1 })
            #expect(health.errors > 0 && health.counts.failed == health.errors)
            #expect((0.25...0.36).contains(try #require(health.ingestTimes.percentile(0.5))))
            #expect(health.deliveryTimes.percentile(0.5) == nil)
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

            #expect(own?.from == bot.createdAt)
            #expect(own?.counts == TrafficCounts())
            #expect(own?.lastUpdateAt == nil)
            #expect(foreign == nil)
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
