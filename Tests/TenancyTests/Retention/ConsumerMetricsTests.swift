import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Lag of consumers in the metrics", .serialized, .timeLimit(.minutes(10)))
struct ConsumerMetricsTests {
    @Test("Consumers that are behind, or have undelivered updates, are shown for as long as it is so")
    func shown() async throws {
        try await Fixture.with { fixture in
            let (bot, consumer) = try await fixture.deadLetters(2)
            let idle = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant("Idle")), url: "https://example.com")
            let appender = fixture.appender()
            for number: Int64 in 1...3 { try await appender.append(fixture.message(number, to: bot)) }
            try await fixture.tamper(
                "UPDATE consumer_cursor SET settled = ARRAY(SELECT position FROM update_log WHERE update_id = 3)"
            )
            let metrics = fixture.consumerMetrics(holding: bot.key.shard, idle.bot.shard)
            var tally = ConsumerTally()

            try await metrics.look(&tally)
            let behind = fixture.metrics.exposition
            try await fixture.tamper(
                "UPDATE consumer_cursor SET position = (SELECT max(position) FROM update_log)")
            try await fixture.tamper("DELETE FROM delivery")
            try await metrics.look(&tally)
            let done = fixture.metrics.exposition

            #expect(behind.contains(#"rookery_consumer_lag_updates{consumer="\#(consumer.id)"} 2"#))
            #expect(behind.contains(#"rookery_consumer_lag_seconds{consumer="\#(consumer.id)"} "#))
            #expect(
                behind.contains(#"rookery_consumer_deliveries{consumer="\#(consumer.id)",status="dead"} 2"#))
            #expect(!behind.contains("\(idle.id)"))
            #expect(!done.contains("\(consumer.id)"))
        }
    }

    @Test("Other nodes' bots are not shown, nor are this node's any more when it has lost their shard")
    func shards() async throws {
        try await Fixture.with { fixture in
            let (bot, consumer) = try await fixture.deadLetters(1)
            let elsewhere = fixture.consumerMetrics(holding: (bot.key.shard + 1) % Shard.count)
            let here = fixture.consumerMetrics(holding: bot.key.shard)
            var (one, other) = (ConsumerTally(), ConsumerTally())

            try await elsewhere.look(&one)
            let notHeld = fixture.metrics.exposition
            try await here.look(&other)
            let held = fixture.metrics.exposition
            try await elsewhere.look(&other)
            let lost = fixture.metrics.exposition

            #expect(!notHeld.contains("\(consumer.id)"))
            #expect(held.contains("\(consumer.id)"))
            #expect(!lost.contains("\(consumer.id)"))
        }
    }
}

extension Fixture {
    func consumerMetrics(holding shards: Int...) -> ConsumerMetrics {
        let leases = ShardLeases()
        _ = leases.replace(Set(shards).map { ($0, 1) }, until: .now + .seconds(600))
        return ConsumerMetrics(
            loop: loop, database: database, leases: leases, metrics: metrics, logger: logger)
    }
}
