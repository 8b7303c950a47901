import Platform
import Synchronization
import TestSupport
import Testing

@testable import Tenancy

@Suite("Reading ahead", .serialized, .timeLimit(.minutes(10)))
struct PushConsumerReadingTests {
    @Test("For an endpoint that is down one update is held, and all that waits goes when it is up again")
    func endpointDown() async throws {
        try await Fixture.with { fixture in
            let isDown = Mutex(true)
            let receiver = try await TestReceiver(on: fixture.loop) { _ in isDown.withLock { $0 } ? 503 : 200
            }
            let (bot, row) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0] + Array(repeating: 100, count: 20), of: row)
            let appender = fixture.appender()
            for number in Int64(1)...200 {
                try await appender.append(fixture.message(number, chat: number, to: bot))
            }
            let run = try await PushConsumerRun(bot, fixture)
            let budget = run.budget

            await run.consumer.wake()
            try await receiver.receptions.wait("a probe", on: fixture.loop) { $0.count > 20 }
            try await fixture.eventually("a window of one") { (1..<300).contains(budget.held) }
            let rows = try await fixture.count("SELECT count(*) FROM delivery")
            isDown.withLock { $0 = false }
            try await fixture.settled(row)
            await run.stop()

            #expect(rows < 20)
            #expect(budget.held == 0)
            let delivered = Set(receiver.receptions.all.map(\.updateID))
            #expect(delivered == Set((1...200).map { Int64($0) }))
            await receiver.stop()
        }
    }
}
