import Platform
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

@Suite("Deliveries of shards that are lost", .serialized, .timeLimit(.minutes(10)))
struct LeavingTests {
    @Test(
        "A shard is left when what is under way has ended and is written down, and its next holder repeats nothing"
    )
    func leave() async throws {
        try await Fixture.with { fixture in
            let (release, ends, loop) = (Happenings<Int>(), Happenings<String>(), fixture.loop)
            let receiver = try await TestReceiver(on: loop) { _ in
                _ = try? await release.wait("the release", on: loop, within: .seconds(600)) { !$0.isEmpty }
                return 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let run = try await DeliveryRun(fixture)
            let key = BotKey(tenant: bot.tenant, bot: bot.id)
            try await run.append((1...6).map { try fixture.message($0, chat: $0 % 3, to: bot) })
            try await receiver.receptions.wait("one of each chat", on: loop) { $0.count == 3 }

            run.leases.leave([key.shard])
            let leaving = Task(executorPreference: loop) {
                await run.delivery.leave(key.shard)
                ends.add("left")
            }
            try await run.append([fixture.message(7, chat: 9, to: bot)])
            let tooEarly = ends.all
            release.add(1)
            await leaving.value

            #expect(tooEarly == [])
            #expect(receiver.receptions.all.map(\.updateID) == [1, 2, 3])
            #expect(try await fixture.cursor(of: consumer)?.position == 3)
            let next = try await DeliveryRun(fixture, epoch: 2)
            await next.wake(bot)
            try await fixture.settled(consumer)
            #expect(receiver.receptions.all.map(\.updateID).sorted() == [1, 2, 3, 4, 5, 6, 7])
            await run.stop()
            await next.stop()
            await receiver.stop()
        }
    }

    @Test(
        "An endpoint that hangs holds a shard no longer than is said; what was sent counts as no attempt, and comes again"
    )
    func hanging() async throws {
        try await Fixture.with { fixture in
            let (release, loop) = (Happenings<Int>(), fixture.loop)
            let receiver = try await TestReceiver(on: loop) { _ in
                _ = try? await release.wait("the release", on: loop, within: .seconds(600)) { !$0.isEmpty }
                return 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.tamper("UPDATE consumer SET timeout_ms = 60000")
            let run = try await DeliveryRun(fixture, limits: HTTPClientLimits(concurrentPerOrigin: 2))
            let key = BotKey(tenant: bot.tenant, bot: bot.id)
            // Two are sent, the others wait for a place.
            try await run.append((1...4).map { try fixture.message($0, chat: $0, to: bot) })
            try await receiver.receptions.wait("two", on: loop) { $0.count == 2 }

            run.leases.leave([key.shard])
            // Without an answer: it is released only below.
            await run.delivery.leave(key.shard, within: .milliseconds(100))

            #expect(try await fixture.count("SELECT count(*) FROM delivery") == 0)
            #expect(receiver.receptions.all.map(\.updateID).sorted() == [1, 2])
            release.add(1)
            let next = try await DeliveryRun(fixture, epoch: 2)
            await next.wake(bot)
            try await fixture.settled(consumer)
            try await receiver.receptions.wait("all", on: loop) { Set($0.map(\.updateID)) == [1, 2, 3, 4] }
            #expect(receiver.receptions.all.count == 6)
            await run.stop()
            await next.stop()
            await receiver.stop()
        }
    }

    @Test("What waits for a place in the client is not sent when the lease is over by then")
    func frozen() async throws {
        try await Fixture.with { fixture in
            let (release, loop) = (Happenings<Int>(), fixture.loop)
            let receiver = try await TestReceiver(on: loop) { reception in
                guard reception.updateID == 1 else { return 200 }
                _ = try? await release.wait("the release", on: loop, within: .seconds(600)) { !$0.isEmpty }
                return 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let limits = HTTPClientLimits(concurrentPerOrigin: 1)
            let run = try await DeliveryRun(fixture, limits: limits)
            try await run.append((1...5).map { try fixture.message($0, chat: $0, to: bot) })
            try await receiver.receptions.wait("the first", on: loop) { $0.count == 1 }

            // As a node finds itself that was frozen for longer than its lease.
            _ = run.leases.replace([], until: .now)
            release.add(1)
            await run.stop()

            #expect(receiver.receptions.all.map(\.updateID) == [1])
            let next = try await DeliveryRun(fixture, epoch: 2)
            await next.wake(bot)
            try await fixture.settled(consumer)
            #expect(receiver.receptions.all.map(\.updateID).sorted() == [1, 2, 3, 4, 5])
            await next.stop()
            await receiver.stop()
        }
    }
}

@Suite("Polls of shards that are given back", .timeLimit(.minutes(10)))
struct LeavingPollsTests {
    @Test("They end, and go on where the shard goes")
    func leave() async throws {
        try await PollingRun.with { run in
            let bot = try await run.newBot()
            try await run.eventually("a poll that waits") { try await run.polls(bot) }

            run.leases.leave(0..<Shard.count)
            for shard in 0..<Shard.count { await run.pollers.leave(shard) }
            try await run.eventually("the poll's end") { try await !run.polls(bot) }
            _ = try await run.sandbox.write("hello", to: bot.telegramID)
            run.hold(epoch: 2)

            #expect(try await run.stored(1, of: bot) == ["hello"])
        }
    }
}
