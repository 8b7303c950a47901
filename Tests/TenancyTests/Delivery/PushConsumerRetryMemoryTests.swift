import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Memory of retries", .serialized, .timeLimit(.minutes(10)))
struct PushConsumerRetryMemoryTests {
    @Test("Before an endpoint that hangs, no more rows are in memory than fit; all go when it answers")
    func hanging() async throws {
        try await Fixture.with { fixture in
            let release = Happenings<Int>()
            let loop = fixture.loop
            let receiver = try await TestReceiver(on: loop) { _ in
                _ = try? await release.wait("the release", on: loop, within: .seconds(600)) { !$0.isEmpty }
                return 200
            }
            let (bot, row) = try await fixture.pushConsumer(receiver)
            try await fixture.addRows(40, of: 300_000, lanes: 40, to: row)
            // Of which the only tenant may have half: five such rows, and one that is being read.
            let run = try await PushConsumerRun(bot, budget: WindowBudget(limit: 4 << 20), fixture)

            await run.consumer.wake()
            try await receiver.receptions.wait("what fits", on: loop) { $0.count == 6 }
            await run.consumer.pump()
            let load = await run.consumer.retryLoad
            let held = run.budget.held
            release.add(1)
            try await fixture.noRows()
            await run.stop()

            #expect(load.count == 6)
            #expect((1_800_000..<1_810_000).contains(load.bytes))
            #expect(held >= load.bytes)
            #expect(receiver.receptions.all.map(\.updateID).sorted() == Array(1...40))
            #expect(run.budget.held == 0)
            await receiver.stop()
        }
    }

    @Test("Without any room retries go one after the other, each lane in order, failures among them")
    func noRoom() async throws {
        try await Fixture.with { fixture in
            let release = Happenings<Int>()
            let loop = fixture.loop
            let receiver = try await TestReceiver(on: loop) { reception in
                _ = try? await release.wait("the release", on: loop, within: .seconds(600)) { !$0.isEmpty }
                return reception.attempt == 2 && reception.updateID % 4 == 0 ? 500 : 200
            }
            let (bot, row) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 20, 20, 20, 20], of: row)
            try await fixture.addRows(12, of: 1000, lanes: 4, to: row)
            let run = try await PushConsumerRun(bot, budget: WindowBudget(limit: 0), fixture)

            await run.consumer.wake()
            try await receiver.receptions.wait("the first", on: loop) { !$0.isEmpty }
            await run.consumer.pump()
            let underWay = await run.consumer.retryLoad.count
            release.add(1)
            try await fixture.noRows()
            await run.stop()

            #expect(underWay == 1)
            #expect(run.budget.held == 0)
            for lane in Int64(0)..<4 {
                let ids = receiver.receptions.all.map(\.updateID).filter { $0 % 4 == lane }
                let expected = (1...12).map { Int64($0) }.filter { $0 % 4 == lane }
                #expect(ids == (lane == 0 ? expected.flatMap { [$0, $0] } : expected))
            }
            await receiver.stop()
        }
    }

    @Test("Failures give back what was held")
    func ends() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { _ in 500 }
            let (bot, row) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 20, 20], of: row)
            try await fixture.addRows(20, of: 100_000, lanes: 20, to: row)
            let run = try await PushConsumerRun(bot, fixture)

            await run.consumer.wake()
            try await receiver.receptions.wait("failures", on: fixture.loop) { $0.count >= 5 }
            try await fixture.eventually("nothing under way, the breaker open") {
                await run.consumer.retryLoad.count == 0 && run.budget.held == 0
            }
            await run.stop()

            #expect(run.budget.held == 0)
            await receiver.stop()
        }
    }
}

extension Fixture {
    /// Rows that are due, after one attempt each: updates 1, 2, … of `lanes` chats by turns.
    fileprivate func addRows(_ count: Int64, of bytes: Int64, lanes: Int64, to consumer: Consumer)
        async throws
    {
        try await tamper(
            """
            INSERT INTO delivery (tenant_id, id, consumer_id, bot_id, position, update_id, kind, lane, received_at,
                payload, status, attempts)
            SELECT \(consumer.bot.tenant), gen_random_uuid(), \(consumer.id), \(consumer.bot.bot), n - \(count) - 1, n,
                'message', 'chat:' || n % \(lanes), now(),
                ('{"update_id":' || n || ',"x":"' || repeat('x', \(bytes)::int) || '"}')::json, 'retrying', 1
            FROM generate_series(1, \(count)) AS n
            """)
    }

    fileprivate func noRows() async throws {
        try await eventually("no rows", within: .seconds(60)) {
            try await self.count("SELECT count(*) FROM delivery") == 0
        }
    }
}
