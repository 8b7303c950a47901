import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Held lanes", .serialized, .timeLimit(.minutes(10)))
struct HeldLanesTests {
    @Test("A dead head holds its lane for a consumer that parks, and for no other")
    func deadHeads() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            var consumer = try await fixture.consumer(of: bot, url: "https://example.com")
            try await insert("retrying", 2, lane: "a", fixture, consumer)
            try await insert("dead", 1, lane: "a", fixture, consumer)
            try await insert("dead", 3, lane: "b", fixture, consumer)
            try await insert("expired", 4, lane: "c", fixture, consumer)

            consumer.onDead = .skip
            let skipping = try await heldLanes(of: consumer, fixture)
            consumer.onDead = .park
            let parking = try await heldLanes(of: consumer, fixture)

            #expect(skipping.map(\.name) == ["a"])
            #expect(skipping.map(\.isParked) == [false])
            #expect(parking.map(\.name) == ["a", "b"])
            #expect(parking.map(\.isParked) == [true, true])
        }
    }

    private func heldLanes(
        of consumer: Consumer, _ fixture: Fixture
    ) async throws -> [DeliveryRow.HeldLane] {
        try await fixture.database.system.withConnection { connection in
            try await DeliveryRow.heldLanes(of: consumer, in: connection)
        }
    }

    private func insert(
        _ status: String, _ position: Int64, lane: String, _ fixture: Fixture, _ consumer: Consumer
    ) async throws {
        try await fixture.tamper(
            """
            INSERT INTO delivery (tenant_id, id, consumer_id, bot_id, position, update_id, kind, lane, received_at,
                payload, status)
            VALUES (\(consumer.bot.tenant), \(ID<DeliveryRow>()), \(consumer.id), \(consumer.bot.bot), \(position),
                \(position), 'message', \(lane), now(), '{}', \(status))
            """)
    }
}
