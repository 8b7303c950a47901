import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Held lanes", .serialized, .timeLimit(.minutes(10)))
struct HeldLanesTests {
    @Test("A lane is held by a row that is retrying or parking, and its first such row says how")
    func heads() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com")
            try await insert("dead", 1, lane: "a", fixture, consumer)
            try await insert("retrying", 2, lane: "a", fixture, consumer)
            try await insert("dead", 3, lane: "b", isParking: true, fixture, consumer)
            try await insert("retrying", 4, lane: "b", fixture, consumer)
            try await insert("expired", 5, lane: "c", fixture, consumer)
            try await insert("dead", 6, lane: "d", fixture, consumer)

            let (lanes, isComplete) = try await DeliveryRow.heldLanes(of: consumer, in: fixture.database)

            #expect(isComplete)
            #expect(lanes.map(\.name) == ["a", "b"])
            #expect(lanes.map(\.isParked) == [false, true])
        }
    }

    @Test("Lanes are read in pages, and no further than there is room", arguments: [1, 2, 3, 7, 100])
    func pages(_ page: Int) async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com")
            for position in Int64(1)...21 {
                try await insert("retrying", position, lane: "lane:\(position % 7)", fixture, consumer)
            }

            let all = try await DeliveryRow.heldLanes(of: consumer, page: page, in: fixture.database)
            let some = try await DeliveryRow.heldLanes(of: consumer, limit: 3, page: 2, in: fixture.database)

            #expect(all.isComplete)
            #expect(all.lanes.map(\.name) == (0..<7).map { "lane:\($0)" })
            #expect(!some.isComplete)
            #expect(some.lanes.count == 4)
        }
    }

    @Test("Where not all fit, those with work come before parked ones")
    func workFirst() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com")
            for position in Int64(1)...5 {
                try await insert("dead", position, lane: "a\(position)", isParking: true, fixture, consumer)
            }
            for position in Int64(6)...8 {
                try await insert("retrying", position, lane: "z\(position)", fixture, consumer)
            }

            let some = try await DeliveryRow.heldLanes(of: consumer, limit: 4, page: 2, in: fixture.database)
            let all = try await DeliveryRow.heldLanes(of: consumer, page: 2, in: fixture.database)

            #expect(!some.isComplete)
            #expect(some.lanes.prefix(3).map(\.name) == ["z6", "z7", "z8"])
            #expect(all.isComplete)
            #expect(all.lanes.map(\.name) == ["z6", "z7", "z8", "a1", "a2", "a3", "a4", "a5"])
        }
    }

    @Test("Lanes are read in their index's order, even where statistics know of none")
    func plan() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com")
            try await fixture.tamper("ANALYZE delivery")
            for position in Int64(1)...50 {
                try await insert("retrying", position, lane: "lane:\(position)", fixture, consumer)
            }

            let plan = try await fixture.superuser.withConnection { connection in
                try await connection.pipeline([
                    DeliveryRow.inIndexOrder,
                    "EXPLAIN \(DeliveryRow.heldLanes(of: consumer, after: "lane:1", limit: 10))",
                ])[1].decoded(as: PlanLine.self).map(\.text)
            }

            #expect(plan.filter { $0.contains("Index Scan using delivery_lane") }.count == 2)
            #expect(!plan.contains { $0.contains("Sort") })
        }
    }

    private func insert(
        _ status: String, _ position: Int64, lane: String, isParking: Bool = false, _ fixture: Fixture,
        _ consumer: Consumer
    ) async throws {
        try await fixture.tamper(
            """
            INSERT INTO delivery (tenant_id, id, consumer_id, bot_id, position, update_id, kind, lane, received_at,
                payload, status, is_parking)
            VALUES (\(consumer.bot.tenant), \(ID<DeliveryRow>()), \(consumer.id), \(consumer.bot.bot), \(position),
                \(position), 'message', \(lane), now(), '{}', \(status), \(isParking))
            """)
    }
}

private struct PlanLine: RowDecodable {
    let text: String
    init(row: inout Row) throws { text = try row.next() }
}
