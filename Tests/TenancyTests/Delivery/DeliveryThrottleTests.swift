import Platform
import Synchronization
import TestSupport
import Testing

@testable import Tenancy

@Suite("Push delivery that is throttled", .serialized, .timeLimit(.minutes(10)))
struct DeliveryThrottleTests {
    @Test("After 429, 502, 503 or 504 nothing is sent for a second, and then all of it", arguments: [429, 502, 503, 504])
    func slow(_ code: Int) async throws {
        try await Fixture.with { fixture in
            let times = Happenings<ContinuousClock.Instant>()
            let receiver = try await TestReceiver(on: fixture.loop) { reception in
                times.add(.now)
                return reception.updateID == 1 ? code : 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 3_600_000], of: consumer)
            let run = try await DeliveryRun(fixture)
            try await run.append([fixture.message(1, chat: 1, to: bot)])
            try await receiver.receptions.wait("the first", on: fixture.loop) { !$0.isEmpty }
            try await fixture.settled(consumer)

            try await run.append((2...20).map { try fixture.message($0, chat: $0, to: bot) })
            try await fixture.settled(consumer)
            await run.stop()

            let sent = times.all
            #expect(sent.count == 20)
            #expect(sent[1] - sent[0] >= .milliseconds(750))
            #expect(Set(receiver.receptions.all.map(\.description)) == Set((1...20).map { "\($0)#1" }))
            #expect(
                try await fixture.count("SELECT count(*) FROM delivery WHERE status = 'retrying' AND attempts = 1")
                    == 1)
            await receiver.stop()
        }
    }

    @Test("An attempt after which the breaker put the update back counts in the number the endpoint sees, and not in the schedule")
    func numbers() async throws {
        try await Fixture.with { fixture in
            let isDown = Mutex(true)
            let receiver = try await TestReceiver(on: fixture.loop) { _ in isDown.withLock { $0 } ? 500 : 200 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.tamper("UPDATE consumer SET concurrency = 1")
            try await fixture.setSchedule([0, 3_600_000], of: consumer)
            let run = try await DeliveryRun(fixture)

            try await run.append((1...6).map { try fixture.message($0, chat: $0, to: bot) })
            try await receiver.receptions.wait("a second probe of the same", on: fixture.loop) {
                $0.contains { $0.attempt == 3 }
            }
            isDown.withLock { $0 = false }
            try await fixture.settled(consumer)
            await run.stop()

            let numbers = Dictionary(grouping: receiver.receptions.all, by: \.updateID).mapValues { $0.map(\.attempt) }
            #expect(numbers.values.allSatisfy { $0 == Array(1...$0.count) })
            #expect(try await fixture.count("SELECT count(*) FROM delivery WHERE attempts > 1") == 0)
            await receiver.stop()
        }
    }
}
