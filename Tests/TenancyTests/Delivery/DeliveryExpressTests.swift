import Platform
import Synchronization
import TestSupport
import Testing

@testable import Tenancy

@Suite("Updates with a short life", .serialized, .timeLimit(.minutes(10)))
struct DeliveryExpressTests {
    @Test("They go before a backlog, and the backlog goes on where it was")
    func beforeBacklog() async throws {
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
            try await fixture.tamper("UPDATE consumer SET concurrency = 1")
            let appender = fixture.appender()
            for number in Int64(1)...600 {
                try await appender.append(fixture.message(number, chat: number, to: bot))
            }
            let run = try await DeliveryRun(fixture)

            await run.wake(bot)
            try await receiver.receptions.wait("the first", on: loop) { !$0.isEmpty }
            try await run.append([fixture.callback(1001, to: bot), fixture.callback(1002, to: bot)])
            release.add(1)
            try await fixture.settled(consumer)
            try await fixture.eventually("the express cursor") {
                try await fixture.expressCursor(of: consumer) == fixture.lastPosition()
            }
            await run.stop()

            let order = receiver.receptions.all.map(\.updateID)
            let last = order.firstIndex(of: 1002) ?? .max
            #expect(last < 300)
            #expect(order.filter { $0 > 1000 } == [1001, 1002])
            #expect(order.filter { $0 <= 600 } == (1...600).map { Int64($0) })
            await receiver.stop()
        }
    }

    @Test("While the endpoint is down they expire without it, and are never sent late")
    func expireWhileDown() async throws {
        try await Fixture.with { fixture in
            let isDown = Mutex(true)
            let receiver = try await TestReceiver(on: fixture.loop) { _ in isDown.withLock { $0 } ? 500 : 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0] + Array(repeating: 3_600_000, count: 3), of: consumer)
            let run = try await DeliveryRun(fixture)
            try await run.append((1...20).map { try fixture.message($0, chat: $0, to: bot) })
            try await fixture.eventually("an open breaker") { fixture.gauge("rookery_open_breakers") == 1 }
            let appender = fixture.appender()
            for number in Int64(101)...180 {
                try await appender.append(
                    fixture.callback(number, user: number, receivedAt: .now - .seconds(200), to: bot))
            }
            await run.wake(bot)

            try await fixture.eventually("all of them expired") {
                try await fixture.count("SELECT count(*) FROM delivery WHERE status = 'expired'") == 80
            }
            let isOpen = fixture.gauge("rookery_open_breakers") == 1
            isDown.withLock { $0 = false }
            try await fixture.settled(consumer)
            await run.stop()

            #expect(isOpen)
            #expect(receiver.receptions.all.allSatisfy { $0.updateID < 100 })
            await receiver.stop()
        }
    }

    @Test("A retry that has become useless expires while the breaker is open, and frees its lane")
    func retryExpires() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { _ in 500 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 100, 3_600_000, 3_600_000], of: consumer)
            let run = try await DeliveryRun(fixture)
            try await run.append([fixture.callback(1, to: bot)])
            try await fixture.eventually("the row") {
                try await fixture.count("SELECT count(*) FROM delivery WHERE status = 'retrying'") == 1
            }
            try await run.append((11...30).map { try fixture.message($0, chat: $0, to: bot) })
            try await fixture.eventually("an open breaker") { fixture.gauge("rookery_open_breakers") == 1 }

            try await fixture.tamper(
                """
                UPDATE delivery SET deadline = now(), next_attempt_at = now() WHERE update_id = 1;
                """)
            try await fixture.tamper("UPDATE consumer SET lanes_changed_at = clock_timestamp()")
            try await fixture.eventually("its end") {
                try await fixture.count(
                    "SELECT count(*) FROM delivery WHERE status = 'expired' AND update_id = 1") == 1
            }
            await run.stop()

            #expect(receiver.receptions.all.filter { $0.updateID == 1 }.count <= 2)
            await receiver.stop()
        }
    }

    @Test("One that waits for its retry when its time is over lets its lane go then, not at the retry")
    func lanesGoOn() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { $0.updateID == 1 ? 500 : 200 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 3_600_000], of: consumer)
            let run = try await DeliveryRun(fixture)

            try await run.append([
                fixture.callback(1, receivedAt: .now - .seconds(147), to: bot),
                fixture.callback(2, to: bot),
            ])
            try await receiver.receptions.wait("the follower", on: fixture.loop) {
                $0.contains { $0.updateID == 2 }
            }
            await run.stop()

            #expect(receiver.receptions.all.filter { $0.updateID == 1 }.count <= 1)
            #expect(
                try await fixture.count(
                    "SELECT count(*) FROM delivery WHERE status = 'expired' AND update_id = 1") == 1)
            await receiver.stop()
        }
    }

    @Test("One whose time is over while it waits for a place in the client is not sent")
    func expiresInQueue() async throws {
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
            let run = try await DeliveryRun(fixture, limits: HTTPClientLimits(concurrent: 1))
            try await run.append([fixture.message(1, to: bot)])
            try await receiver.receptions.wait("the first", on: loop) { !$0.isEmpty }

            let deadline = Timestamp.now + .seconds(2)
            try await run.append([fixture.callback(2, receivedAt: deadline - .seconds(150), to: bot)])
            try await fixture.eventually("its deadline") { .now > deadline }
            release.add(1)
            try await fixture.settled(consumer)
            await run.stop()

            #expect(!receiver.receptions.all.contains { $0.updateID == 2 })
            #expect(try await fixture.count("SELECT count(*) FROM delivery WHERE status = 'expired'") == 1)
            await receiver.stop()
        }
    }
}

extension Fixture {
    func callback(
        _ updateID: Int64, user: Int64 = 1, receivedAt: Timestamp = .now, to bot: Bot
    ) throws -> NewUpdate {
        let payload = Array(
            #"{"update_id":\#(updateID),"callback_query":{"id":"\#(updateID)","from":{"id":\#(user),"is_bot":false,"first_name":"A"},"chat_instance":"1","data":"x"}}"#
                .utf8)
        return NewUpdate(
            tenant: bot.tenant, bot: bot.id, head: try UpdateHead(parsing: payload), receivedAt: receivedAt,
            payload: payload)
    }

    func expressCursor(of consumer: Consumer) async throws -> Int64 {
        try await Int64(
            count("SELECT express_position FROM consumer_cursor WHERE consumer_id = \(consumer.id)"))
    }
}
