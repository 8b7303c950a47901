import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Push delivery, read again", .serialized, .timeLimit(.minutes(10)))
struct DeliveryReloadTests {
    @Test("A deleted consumer gets nothing more, though its row tells nobody")
    func deleted() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let run = try await DeliveryRun(fixture, reloadEvery: .zero)
            try await run.append([fixture.message(1, to: bot)])
            try await fixture.settled(consumer)
            try await fixture.eventually("the consumer") { fixture.gauge("rookery_push_consumers") == 1 }

            try await fixture.tamper("DELETE FROM consumer WHERE id = \(consumer.id)")
            try await fixture.eventually("its end") { fixture.gauge("rookery_push_consumers") == 0 }
            try await run.append([fixture.message(2, to: bot)])
            await run.stop()

            #expect(receiver.receptions.all.map(\.updateID) == [1])
            await receiver.stop()
        }
    }

    @Test("A change that was committed long after the time it bears is taken over")
    func lateCommit() async throws {
        try await Fixture.with { fixture in
            let first = try await TestReceiver(on: fixture.loop)
            let second = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(first)
            let run = try await DeliveryRun(fixture, reloadEvery: .zero)
            var last: Int64 = 1
            try await run.append([fixture.message(last, to: bot)])
            try await fixture.settled(consumer)

            try await fixture.tamper(
                "UPDATE consumer SET url = \(second.url), updated_at = now() - interval '1 minute'")
            try await fixture.eventually("an update at the new address") {
                last += 1
                try await run.append([fixture.message(last, to: bot)])
                return !second.receptions.all.isEmpty
            }

            await run.stop()
            await first.stop()
            await second.stop()
        }
    }

    @Test("What throttled the old address does not throttle the new one")
    func otherAddress() async throws {
        try await Fixture.with { fixture in
            let first = try await TestReceiver(
                on: fixture.loop,
                answering: { _ in HTTPResponse(status: 429, headers: ["Retry-After": "3600"]) })
            let second = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(first)
            try await fixture.setSchedule([0, 3_600_000], of: consumer)
            let run = try await DeliveryRun(fixture)
            try await run.append([fixture.message(1, chat: 1, to: bot)])
            try await fixture.settled(consumer)
            try await run.append([fixture.message(2, chat: 2, to: bot)])

            try await fixture.tamper(
                "UPDATE consumer SET url = \(second.url), updated_at = clock_timestamp()")
            try await fixture.settled(consumer)
            await run.stop()

            #expect(first.receptions.all.map(\.updateID) == [1])
            #expect(second.receptions.all.map(\.updateID) == [2])
            await first.stop()
            await second.stop()
        }
    }

    @Test("What the old address answers late says nothing of the new one", arguments: [410, 429, 500])
    func lateAnswers(status: Int) async throws {
        try await Fixture.with { fixture in
            let (loop, release) = (fixture.loop, Happenings<Int>())
            let first = try await TestReceiver(
                on: loop,
                answering: { _ in
                    _ = try? await release.wait("the release", on: loop, within: .seconds(600)) {
                        !$0.isEmpty
                    }
                    return HTTPResponse(status: status, headers: ["Retry-After": "3600"])
                })
            let second = try await TestReceiver(on: loop)
            let (bot, consumer) = try await fixture.pushConsumer(first)
            try await fixture.setSchedule([0, 20], of: consumer)
            let appender = fixture.appender()
            for chat in Int64(1)...6 { try await appender.append(fixture.message(chat, chat: chat, to: bot)) }
            let run = try await PushConsumerRun(bot, fixture)
            await run.consumer.wake()
            try await first.receptions.wait("all on their way", on: loop) { $0.count == 6 }

            try await fixture.tamper("UPDATE consumer SET url = \(second.url)")
            let isTaken = await run.consumer.takeOver(
                try await PushConsumerRun.target(BotKey(tenant: bot.tenant, bot: bot.id), fixture))
            release.add(1)
            // A 410 uses up no attempt; the others' rows wait as long as they were asked to.
            if status == 410 {
                try await second.receptions.wait("all at the new address", on: loop) { $0.count == 6 }
            } else {
                try await fixture.eventually("all in rows") {
                    try await fixture.count("SELECT count(*) FROM delivery") == 6
                }
            }
            let (breaker, throttle) = await (run.consumer.breaker, run.consumer.throttle)
            let pausedUntil = await run.consumer.pausedUntil
            await run.stop()

            #expect(isTaken)
            #expect(breaker.isClosed && throttle.isFree)
            #expect(pausedUntil <= .now)
            await first.stop()
            await second.stop()
        }
    }

    @Test("What delivery holds is shown, and taken back when it stops")
    func levels() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { _ in 500 }
            let (bot, _) = try await fixture.pushConsumer(receiver)
            let run = try await DeliveryRun(fixture)

            try await run.append((1...20).map { try fixture.message($0, chat: $0, to: bot) })
            try await fixture.eventually("an open breaker and held lanes") {
                fixture.gauge("rookery_open_breakers") == 1 && fixture.gauge("rookery_held_lanes") > 0
            }
            await run.stop()

            for name in ["rookery_push_consumers", "rookery_open_breakers", "rookery_held_lanes"] {
                #expect(fixture.gauge(name) == 0)
            }
            await receiver.stop()
        }
    }
}

extension Fixture {
    func gauge(_ name: String) -> Int { metrics.gauge(name, "").value }
}
