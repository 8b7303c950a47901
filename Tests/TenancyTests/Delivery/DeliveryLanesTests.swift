import Platform
import Synchronization
import TestSupport
import Testing

@testable import Tenancy

@Suite("Delivery rows changed from outside", .serialized, .timeLimit(.minutes(10)))
struct DeliveryLanesTests {
    @Test("A dead update that is retried goes out, after what is being sent of its lane and before what waits")
    func retryDead() async throws {
        try await Fixture.with { fixture in
            let release = Happenings<Int>()
            let isDown = Mutex(true)
            let loop = fixture.loop
            let receiver = try await TestReceiver(on: loop) { reception in
                if reception.updateID == 1 { return isDown.withLock { $0 } ? 500 : 200 }
                if reception.updateID == 2 {
                    _ = try? await release.wait("the release", on: loop, within: .seconds(600)) {
                        !$0.isEmpty
                    }
                }
                return 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0], of: consumer)
            let run = try await DeliveryRun(fixture)
            try await run.append((1...4).map { try fixture.message($0, to: bot) })
            try await receiver.receptions.wait("the second", on: loop) { $0.contains { $0.updateID == 2 } }
            try await fixture.eventually("the dead one") {
                try await fixture.count("SELECT count(*) FROM delivery WHERE status = 'dead'") == 1
            }

            isDown.withLock { $0 = false }
            try await fixture.retry(1, of: consumer)
            try await fixture.eventually("the followers' rows") {
                try await fixture.count("SELECT count(*) FROM delivery WHERE status = 'retrying'") == 3
            }
            release.add(1)
            try await fixture.eventually("all done") { try await fixture.count("SELECT count(*) FROM delivery") == 0 }
            try await run.append([fixture.message(5, to: bot)])
            try await fixture.settled(consumer)
            await run.stop()

            #expect(receiver.receptions.all.map(\.updateID) == [1, 2, 1, 3, 4, 5])
            await receiver.stop()
        }
    }

    @Test("A parked lane goes on when its head is retried, and when it is skipped", arguments: [true, false])
    func parked(_ isSkipped: Bool) async throws {
        try await Fixture.with { fixture in
            let isDown = Mutex(true)
            let receiver = try await TestReceiver(on: fixture.loop) { reception in
                reception.updateID == 1 && isDown.withLock { $0 } ? 500 : 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0], onDead: "park", of: consumer)
            let run = try await DeliveryRun(fixture)
            try await run.append((1...3).map { try fixture.message($0, to: bot) })
            try await fixture.settled(consumer)
            let waiting = receiver.receptions.all.map(\.updateID)

            isDown.withLock { $0 = false }
            if isSkipped { try await fixture.skip(1, of: consumer) } else { try await fixture.retry(1, of: consumer) }
            try await fixture.eventually("no lane held") {
                try await fixture.count("SELECT count(*) FROM delivery WHERE status = 'retrying' OR is_parking")
                    == 0
            }
            try await run.append([fixture.message(4, to: bot)])
            try await fixture.settled(consumer)
            await run.stop()

            #expect(waiting == [1])
            #expect(receiver.receptions.all.map(\.updateID) == (isSkipped ? [1, 2, 3, 4] : [1, 1, 2, 3, 4]))
            #expect(
                try await fixture.count("SELECT count(*) FROM delivery WHERE status = 'dead'")
                    == (isSkipped ? 1 : 0))
            await receiver.stop()
        }
    }

    @Test("A retry that is asked for at once does not wait for its time, nor drop what else is under way")
    func atOnce() async throws {
        try await Fixture.with { fixture in
            let isDown = Mutex(true)
            let release = Happenings<Int>()
            let loop = fixture.loop
            let receiver = try await TestReceiver(on: loop) { reception in
                if reception.updateID == 1 { return isDown.withLock { $0 } ? 500 : 200 }
                _ = try? await release.wait("the release", on: loop, within: .seconds(600)) { !$0.isEmpty }
                return 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 80_000_000], of: consumer)
            let run = try await DeliveryRun(fixture)
            try await run.append([fixture.message(1, chat: 1, to: bot), fixture.message(2, chat: 2, to: bot)])
            try await fixture.eventually("the row") { try await fixture.count("SELECT count(*) FROM delivery") == 1 }

            isDown.withLock { $0 = false }
            try await fixture.retry(1, of: consumer)
            try await fixture.eventually("the retry") { try await fixture.count("SELECT count(*) FROM delivery") == 0 }
            release.add(1)
            try await fixture.settled(consumer)
            await run.stop()

            #expect(receiver.receptions.all.map(\.updateID).sorted() == [1, 1, 2])
            await receiver.stop()
        }
    }

    @Test("A notice of a change is followed without waiting for the next look")
    func notice() async throws {
        try await Fixture.with { fixture in
            let isDown = Mutex(true)
            let receiver = try await TestReceiver(on: fixture.loop) { _ in isDown.withLock { $0 } ? 500 : 200 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 80_000_000], of: consumer)
            let run = try await DeliveryRun(fixture, looksByItself: false)
            try await run.append([fixture.message(1, to: bot)])
            try await fixture.eventually("the row") { try await fixture.count("SELECT count(*) FROM delivery") == 1 }

            isDown.withLock { $0 = false }
            try await fixture.retry(1, of: consumer)
            run.deliveries.receive("!\(bot.tenant.uuid)/\(bot.id.uuid)")
            try await fixture.eventually("the retry") { try await fixture.count("SELECT count(*) FROM delivery") == 0 }
            await run.stop()

            #expect(receiver.receptions.all.map(\.description) == ["1#1", "1#2"])
            await receiver.stop()
        }
    }
}

extension Fixture {
    /// As the API does it.
    func retry(_ updateID: Int64, of consumer: Consumer) async throws {
        try await tamper(
            """
            WITH changed AS (
                UPDATE delivery SET status = 'retrying', is_parking = false, next_attempt_at = clock_timestamp(),
                    attempts = CASE WHEN status = 'dead' THEN 0 ELSE attempts END
                WHERE consumer_id = \(consumer.id) AND update_id = \(updateID) RETURNING consumer_id)
            UPDATE consumer SET lanes_changed_at = clock_timestamp() FROM changed WHERE id = changed.consumer_id
            """)
    }

    func skip(_ updateID: Int64, of consumer: Consumer) async throws {
        try await tamper(
            """
            WITH changed AS (
                UPDATE delivery SET is_parking = false
                WHERE consumer_id = \(consumer.id) AND update_id = \(updateID) RETURNING consumer_id)
            UPDATE consumer SET lanes_changed_at = clock_timestamp() FROM changed WHERE id = changed.consumer_id
            """)
    }
}
