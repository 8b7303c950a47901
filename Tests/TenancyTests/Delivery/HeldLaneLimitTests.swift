import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Very many held lanes", .serialized, .timeLimit(.minutes(10)))
struct HeldLaneLimitTests {
    @Test("With ten thousand lanes held nothing more is taken in, until one of them is let go")
    func limit() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.tamper(
                """
                INSERT INTO delivery (tenant_id, id, consumer_id, bot_id, position, update_id, kind, lane, received_at,
                    payload, status, is_parking)
                SELECT \(bot.tenant), gen_random_uuid(), \(consumer.id), \(bot.id), -n, n, 'message', 'parked:' || n,
                    now(), '{}', 'dead', true
                FROM generate_series(1, \(Int64(PushConsumer.laneLimit))) AS n
                """)
            let run = try await DeliveryRun(fixture)
            try await run.append([fixture.message(1, to: bot)])
            try await fixture.eventually("all lanes in memory") {
                fixture.gauge("rookery_held_lanes") == PushConsumer.laneLimit
            }
            await run.wake(bot)
            let position = try await fixture.cursor(of: consumer)?.position

            try await fixture.tamper("UPDATE delivery SET is_parking = false WHERE update_id = 7")
            try await fixture.tamper("UPDATE consumer SET lanes_changed_at = clock_timestamp()")
            try await fixture.settled(consumer)
            await run.stop()

            #expect(position == 0)
            #expect(receiver.receptions.all.map(\.updateID) == [1])
            await receiver.stop()
        }
    }
}
