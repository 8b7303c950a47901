import Platform
import Synchronization
import TestSupport
import Testing

@testable import Tenancy

@Suite("Push delivery that fails", .serialized, .timeLimit(.minutes(10)))
struct DeliveryRetryTests {
    @Test("A failing lane is tried again with its followers behind it, in order, and then released")
    func laneInOrder() async throws {
        try await Fixture.with { fixture in
            // Chat 1 fails three times; chat 2 never does.
            let failures = Counting(3)
            let receiver = try await TestReceiver(on: fixture.loop) { reception in
                reception.chat == 1 && failures.takesOne() ? 500 : 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 50, 50, 50, 50], of: consumer)
            let run = try await DeliveryRun(fixture)

            try await run.append(
                (1...10).map { try fixture.message(Int64($0), chat: Int64($0 % 2), to: bot) })
            try await fixture.settled(consumer)
            try await fixture.eventually("no rows") {
                try await fixture.count("SELECT count(*) FROM delivery") == 0
            }
            try await run.append((11...14).map { try fixture.message(Int64($0), chat: 1, to: bot) })
            try await fixture.settled(consumer)

            let first = receiver.receptions.all.filter { $0.chat == 1 }.map(\.description)
            #expect(
                first == ["1#1", "1#2", "1#3", "1#4"] + ["3#1", "5#1", "7#1", "9#1"]
                    + (11...14).map { "\($0)#1" })
            let second = receiver.receptions.all.filter { $0.chat == 0 }.map(\.updateID)
            #expect(second == [2, 4, 6, 8, 10])
            #expect(
                Set(receiver.receptions.all.filter { $0.updateID == 1 }.map { $0.headers["webhook-id"] })
                    .count == 1)
            #expect(try await fixture.count("SELECT count(*) FROM delivery") == 0)
            await run.stop()
            await receiver.stop()
        }
    }

    @Test("Used up, an update is dead and its lane goes on; every attempt is on record")
    func dead() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { $0.updateID == 1 ? 503 : 200 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 20, 20], of: consumer)
            let run = try await DeliveryRun(fixture)

            try await run.append((1...3).map { try fixture.message(Int64($0), to: bot) })
            try await receiver.receptions.wait("the followers", on: fixture.loop) {
                $0.contains { $0.updateID == 3 }
            }
            try await fixture.eventually("the attempts") {
                try await fixture.count("SELECT count(*) FROM delivery_attempt") == 5
            }

            #expect(receiver.receptions.all.map(\.description) == ["1#1", "1#2", "1#3", "2#1", "3#1"])
            #expect(
                try await fixture.count(
                    "SELECT count(*) FROM delivery WHERE status = 'dead' AND update_id = 1 AND attempts = 3")
                    == 1)
            #expect(
                try await fixture.count(
                    "SELECT count(*) FROM delivery_attempt WHERE update_id = 1 AND status_code = 503") == 3)
            await run.stop()
            await receiver.stop()
        }
    }

    @Test("A parked lane waits behind its dead head, over a restart too, while other lanes go on")
    func parked() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { $0.updateID == 1 ? 500 : 200 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0], onDead: "park", of: consumer)
            let first = try await DeliveryRun(fixture)
            try await first.append([
                fixture.message(1, chat: 1, to: bot), fixture.message(2, chat: 1, to: bot),
                fixture.message(3, chat: 2, to: bot),
            ])
            try await fixture.settled(consumer)
            await first.stop()

            let second = try await DeliveryRun(fixture, epoch: 2)
            try await second.append([
                fixture.message(4, chat: 1, to: bot), fixture.message(5, chat: 2, to: bot),
            ])
            try await fixture.settled(consumer)

            #expect(Set(receiver.receptions.all.map(\.updateID)) == [1, 3, 5])
            let waiting = try await fixture.count("SELECT count(*) FROM delivery WHERE status = 'retrying'")
            #expect(waiting == 2)
            await second.stop()
            await receiver.stop()
        }
    }

    @Test("A lane in retry goes on after a restart, its followers behind it")
    func restart() async throws {
        try await Fixture.with { fixture in
            let isDown = Counting(1)
            let receiver = try await TestReceiver(on: fixture.loop) { _ in isDown.takesOne() ? 500 : 200 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 600_000], of: consumer)
            let first = try await DeliveryRun(fixture)
            try await first.append((1...3).map { try fixture.message(Int64($0), to: bot) })
            try await fixture.settled(consumer)
            await first.stop()
            try await fixture.tamper("UPDATE delivery SET next_attempt_at = now() WHERE update_id = 1")
            let appender = fixture.appender()
            for number in Int64(4)...6 { try await appender.append(fixture.message(number, to: bot)) }

            let second = try await DeliveryRun(fixture, epoch: 2)
            await second.wake(bot)
            try await receiver.receptions.wait("all of them", on: fixture.loop) { $0.count == 7 }
            try await fixture.settled(consumer)

            #expect(
                receiver.receptions.all.map(\.description) == [
                    "1#1", "1#2", "2#1", "3#1", "4#1", "5#1", "6#1",
                ])
            await second.stop()
            await receiver.stop()
        }
    }

    @Test(
        "While the endpoint is down the breaker holds all back: few rows, few requests, and nothing is lost")
    func breaker() async throws {
        try await Fixture.with { fixture in
            let isDown = Mutex(true)
            let receiver = try await TestReceiver(on: fixture.loop) { _ in isDown.withLock { $0 } ? 503 : 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.tamper("UPDATE consumer SET concurrency = 4")
            try await fixture.setSchedule([0, 100, 100, 100, 100, 100, 100, 100], of: consumer)
            let run = try await DeliveryRun(fixture)

            try await run.append((0..<200).map { try fixture.message(Int64($0), chat: Int64($0), to: bot) })
            try await receiver.receptions.wait("a probe", on: fixture.loop) { $0.count >= 7 }
            let rows = try await fixture.count("SELECT count(*) FROM delivery")
            let requests = receiver.receptions.all.count
            isDown.withLock { $0 = false }
            try await fixture.settled(consumer)
            try await fixture.eventually("no rows") {
                try await fixture.count("SELECT count(*) FROM delivery") == 0
            }

            #expect(rows < 10)
            #expect(requests < 30)
            #expect(Set(receiver.receptions.all.map(\.updateID)) == Set((0..<200).map { Int64($0) }))
            await run.stop()
            await receiver.stop()
        }
    }

    @Test("An update that fails for ever does not stay the open breaker's probe: the others get through")
    func poison() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { $0.updateID <= 5 ? 500 : 200 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.tamper("UPDATE consumer SET concurrency = 1")
            try await fixture.setSchedule([0, 3_600_000], of: consumer)
            let run = try await DeliveryRun(fixture)

            try await run.append((1...10).map { try fixture.message($0, chat: $0, to: bot) })
            try await fixture.settled(consumer)
            await run.stop()

            #expect(Set(receiver.receptions.all.map(\.updateID)) == Set(1...10))
            #expect(try await fixture.count("SELECT count(*) FROM delivery WHERE attempts = 1") == 5)
            await receiver.stop()
        }
    }

    @Test("What the client had no place for is no attempt and no failure, and goes when there is one")
    func noPlace() async throws {
        try await Fixture.with { fixture in
            let release = Happenings<Int>()
            let loop = fixture.loop
            let receiver = try await TestReceiver(on: loop) { reception in
                if reception.updateID == 1 {
                    _ = try? await release.wait("the release", on: loop, within: .seconds(600)) {
                        !$0.isEmpty
                    }
                }
                return 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let run = try await DeliveryRun(fixture, limits: HTTPClientLimits(concurrent: 1, queued: 0))

            try await run.append((1...10).map { try fixture.message(Int64($0), chat: Int64($0), to: bot) })
            try await receiver.receptions.wait("the first", on: loop) { !$0.isEmpty }
            release.add(1)
            try await fixture.settled(consumer)
            await run.stop()

            #expect(receiver.receptions.all.count == 10)
            #expect(try await fixture.count("SELECT count(*) FROM delivery") == 0)
            #expect(
                try await fixture.count("SELECT count(*) FROM delivery_attempt WHERE error IS NOT NULL") == 0)
            #expect(try await fixture.count("SELECT count(*) FROM delivery_attempt") == 10)
            await receiver.stop()
        }
    }

    @Test("A row that stays, because the epoch was overtaken, is not sent again at full speed")
    func lostRow() async throws {
        try await Fixture.with { fixture in
            let retries = Happenings<ContinuousClock.Instant>()
            let receiver = try await TestReceiver(on: fixture.loop) { reception in
                guard reception.attempt > 1 else { return 500 }
                retries.add(.now)
                return 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 1000, 1000], of: consumer)
            let old = try await DeliveryRun(fixture, epoch: 5)
            try await old.append([fixture.message(1, to: bot)])
            try await fixture.settled(consumer)

            try await fixture.tamper("UPDATE consumer_cursor SET epoch = 6")
            let sent = try await retries.wait("the retry and the next", on: fixture.loop) { $0.count > 1 }
            await old.stop()

            #expect(sent[1] - sent[0] > .milliseconds(900))
            #expect(try await fixture.count("SELECT count(*) FROM delivery WHERE attempts = 1") == 1)
            await receiver.stop()
        }
    }

    @Test("Rows are not stored for one whose epoch was overtaken")
    func fencedRows() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { $0.updateID == 2 ? 500 : 200 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let old = try await DeliveryRun(fixture, epoch: 5)
            try await old.append([fixture.message(1, to: bot)])
            try await fixture.settled(consumer)

            try await fixture.tamper("UPDATE consumer_cursor SET epoch = 6")
            try await old.append([fixture.message(2, to: bot)])
            try await receiver.receptions.wait("the second", on: fixture.loop) { $0.count == 2 }
            await old.stop()

            #expect(try await fixture.count("SELECT count(*) FROM delivery") == 0)
            await receiver.stop()
        }
    }
}

/// So many times yes, then no.
private final class Counting: Sendable {
    private let left: Mutex<Int>

    init(_ count: Int) { left = Mutex(count) }

    func takesOne() -> Bool {
        left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
    }
}
