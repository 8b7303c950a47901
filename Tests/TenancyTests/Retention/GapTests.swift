import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("What the retention takes from consumers", .serialized, .timeLimit(.minutes(10)))
struct GapTests {
    private static let old = 9

    /// A consumer at the beginning of a log whose updates, by their positions, are of a day that is to go.
    private func lagging(
        _ positions: ClosedRange<Int64>, _ fixture: Fixture
    ) async throws -> (Bot, Consumer) {
        let bot = try await fixture.bot(in: fixture.tenant())
        let consumer = try await fixture.consumer(of: bot, url: "https://example.com/updates")
        try await fixture.day(before: Self.old)
        for position in positions { try await fixture.log(position, before: Self.old, of: bot) }
        return (bot, consumer)
    }

    @Test("A consumer that has not got all of a day is told exactly what it misses, once")
    func exact() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await lagging(1...9, fixture)
            try await fixture.tamper("UPDATE update_log SET kind = 'poll' WHERE update_id = 9")
            try await fixture.tamper("UPDATE update_log SET kind = 'admin_command' WHERE update_id = 8")
            try await fixture.tamper(
                "UPDATE consumer SET kinds = '{message}', status = 'paused' WHERE id = \(consumer.id)")
            try await fixture.tamper(
                "UPDATE consumer_cursor SET position = 2, settled = '{4,5}' WHERE consumer_id = \(consumer.id)"
            )
            let told = Happenings<ConsumerEvent>()
            let recorded = Happenings<ConsumerEvent>()
            let retention = fixture.retention(
                events: ConsumerEvents(
                    record: { event, _, _ in recorded.add(event) }, tell: { event, _ in told.add(event) }))

            await retention.pass(today: .now)
            await retention.pass(today: .now)

            let gaps = try await fixture.gaps(of: consumer)
            let gap = try #require(gaps.first)
            #expect(gaps.count == 1)
            #expect(gap.firstPosition == 3 && gap.lastPosition == 7 && gap.count == 3)
            #expect(gap.firstReceivedAt < gap.lastReceivedAt)
            #expect(told.all == [.missed(gap)] && recorded.all == told.all)
            let cursor = try await fixture.cursor(of: consumer)
            #expect(cursor?.position == 9 && cursor?.settled == [])
            #expect(try await fixture.count("SELECT count(*) FROM update_log") == 0)
        }
    }

    @Test("Updates with a deadline are missed by the cursor that is theirs")
    func express() async throws {
        try await Fixture.with { fixture in
            let (bot, consumer) = try await lagging(1...2, fixture)
            for position: Int64 in 3...5 {
                try await fixture.log(
                    position, before: Self.old, of: bot, kind: "inline_query", deadline: .now)
            }
            // Each cursor counts the other's updates as settled.
            try await fixture.tamper(
                """
                UPDATE consumer_cursor SET position = 1, settled = '{3,4,5}', express_position = 3,
                    express_settled = '{5}' WHERE consumer_id = \(consumer.id)
                """)

            await fixture.retention().pass(today: .now)

            let gap = try #require(try await fixture.gaps(of: consumer).first)
            #expect(gap.firstPosition == 2 && gap.lastPosition == 4 && gap.count == 2)
        }
    }

    @Test("A consumer that has got all misses nothing, and no cursor is moved back")
    func ahead() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await lagging(1...3, fixture)
            try await fixture.tamper(
                "UPDATE consumer_cursor SET position = 50, express_position = 50 WHERE consumer_id = \(consumer.id)"
            )

            await fixture.retention().pass(today: .now)

            #expect(try await fixture.gaps(of: consumer).isEmpty)
            #expect(try await fixture.cursor(of: consumer)?.position == 50)
            #expect(try await fixture.count("SELECT count(*) FROM update_log") == 0)
        }
    }

    @Test("A tenant with a shorter time is told, too, and of its consumers only")
    func shorter() async throws {
        try await Fixture.with { fixture in
            let (bot, consumer) = try await lagging(1...2, fixture)
            let (other, untouched) = try await lagging(11...12, fixture)
            try await fixture.tamper(
                #"UPDATE tenant SET limits = '{"log_retention_days": 2}' WHERE id = \#(bot.tenant)"#)
            try await fixture.tamper(
                #"UPDATE tenant SET limits = '{"log_retention_days": 20}' WHERE id = \#(other.tenant)"#)

            await fixture.retention().pass(today: .now)

            #expect(try await fixture.gaps(of: consumer).map(\.count) == [2])
            #expect(try await fixture.gaps(of: untouched).isEmpty)
            #expect(try await fixture.updates(of: bot).isEmpty)
            #expect(try await fixture.updates(of: other) == [11, 12])
        }
    }

    @Test("Who cannot be told keeps the day for one day more")
    func untold() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await lagging(1...2, fixture)
            struct Refusal: Error {}
            let events = ConsumerEvents(record: { _, _, _ in throw Refusal() }, tell: { _, _ in })

            await fixture.retention(RetentionDays(log: 8), events: events).pass(today: .now)
            let kept = try await fixture.count("SELECT count(*) FROM update_log")
            let cursor = try await fixture.cursor(of: consumer)
            await fixture.retention(RetentionDays(log: 7), events: events).pass(today: .now)

            #expect(kept == 2 && cursor?.position == 0)
            #expect(try await fixture.count("SELECT count(*) FROM update_log") == 0)
        }
    }

    @Test("What could not be told of one day is told with the next")
    func toldLater() async throws {
        try await Fixture.with { fixture in
            let (bot, consumer) = try await lagging(1...2, fixture)
            let longest = try await fixture.tenant(
                "Long", limits: TenantLimits(overrides: [.logRetentionDays: 20]))
            try await fixture.tamper(
                #"UPDATE tenant SET limits = '{"log_retention_days": 2}' WHERE id <> \#(longest.id)"#)
            try await fixture.day(before: Self.old - 1)
            for position: Int64 in 3...5 { try await fixture.log(position, before: Self.old - 1, of: bot) }
            struct Refusal: Error {}
            let asked = Happenings<ConsumerEvent>()
            let events = ConsumerEvents(
                record: { event, _, _ in
                    asked.add(event)
                    if asked.all.count == 1 { throw Refusal() }
                }, tell: { _, _ in })

            await fixture.retention(events: events).pass(today: .now)
            let kept = try await fixture.updates(of: bot)
            await fixture.retention(events: events).pass(today: .now)

            let gaps = try await fixture.gaps(of: consumer)
            #expect(kept == [1, 2])
            #expect(gaps.map(\.count) == [5])
            #expect(gaps.first?.firstPosition == 1 && gaps.first?.lastPosition == 5)
            #expect(try await fixture.updates(of: bot).isEmpty)
        }
    }

    @Test("A node that delivers moves no cursor back over what is gone")
    func inMemory() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { _ in 500 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.day(before: Self.old)
            let run = try await DeliveryRun(fixture)
            try await run.append([fixture.message(1, to: bot)])
            _ = try await receiver.receptions.wait("an attempt", on: fixture.loop) { !$0.isEmpty }
            try await fixture.tamper(
                "UPDATE consumer_cursor SET position = 1000 WHERE consumer_id = \(consumer.id)")

            try await run.append([fixture.message(2, chat: 2, to: bot)])
            try await fixture.eventually("rows") {
                try await fixture.count("SELECT count(*) FROM delivery") >= 1
            }
            await run.stop()

            #expect(try await fixture.cursor(of: consumer)?.position == 1000)
            await receiver.stop()
        }
    }
}

extension Fixture {
    func gaps(of consumer: Consumer) async throws -> [ConsumerGap] {
        try await database.read(consumer.bot.tenant) { tx in
            try await ConsumerGap.page(of: consumer.id, after: nil, limit: 10, in: tx)
        }
    }
}
