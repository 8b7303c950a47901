import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Endpoints that fail", .serialized, .timeLimit(.minutes(10)))
struct EndpointHealthTests {
    struct Told: Sendable {
        let event: ConsumerEvent
        let consumer: Consumer
    }

    /// What was recorded in a transaction, and then told.
    struct Events: Sendable {
        let recorded = Happenings<Told>()
        let told = Happenings<Told>()

        var sink: ConsumerEvents {
            ConsumerEvents { event, consumer, _ in
                recorded.add(Told(event: event, consumer: consumer))
            } tell: { event, consumer in
                told.add(Told(event: event, consumer: consumer))
            }
        }
    }

    private func state(of consumer: Consumer, _ fixture: Fixture) async throws -> Consumer {
        let standing = try await fixture.database.read(consumer.bot.tenant) { tx in
            try await Consumer.find(consumer.id, in: tx)
        }
        return try #require(standing?.consumer)
    }

    private func target(of consumer: Consumer, _ fixture: Fixture) async throws -> PushTarget {
        let found = try await fixture.database.read(consumer.bot.tenant) { tx in
            try await PushTarget.find(consumer.id, box: fixture.consumers, in: tx)
        }
        return try #require(found)
    }

    private func attempt(_ status: Int, at: Timestamp) -> DeliveryAttempt {
        var attempt = DeliveryAttempt(number: 1, at: at, duration: .zero)
        attempt.statusCode = status
        attempt.error = status == 200 ? nil : "the endpoint answered \(status)"
        return attempt
    }

    @Test("An answer 410 pauses the consumer and tells its owner, once; after that it is left alone")
    func gone() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { _ in 410 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let events = Events()
            let run = try await DeliveryRun(fixture, events: events.sink)

            try await run.append((1...20).map { try fixture.message(Int64($0), chat: Int64($0), to: bot) })
            let told = try await events.told.wait("the owner told", on: fixture.loop) { !$0.isEmpty }
            await run.stop()
            let paused = try await state(of: consumer, fixture)
            let (count, healthy) = (receiver.receptions.all.count, try await TestReceiver(on: fixture.loop))
            let other = try await fixture.consumer(of: bot, url: healthy.url)
            let successor = try await DeliveryRun(fixture, epoch: 2)
            try await successor.append([fixture.message(21, chat: 21, to: bot)])
            try await fixture.settled(other)

            #expect(paused.status == .paused && paused.statusReason == .gone)
            #expect(told.map(\.event) == [.gone] && told[0].consumer.id == consumer.id)
            #expect(events.recorded.all.count == 1 && events.told.all.count == 1)
            #expect(receiver.receptions.all.count == count)
            // Nothing is lost, and nothing used up: it is all to be sent again.
            #expect(try await fixture.count("SELECT count(*) FROM delivery") == 0)
            #expect(
                try await fixture.count(
                    """
                    SELECT count(*) FROM update_log AS l
                    JOIN consumer_cursor AS c ON c.consumer_id = \(consumer.id)
                    WHERE (l.position <= c.position OR l.position = ANY (c.settled)) AND NOT EXISTS (
                        SELECT FROM delivery AS d
                        WHERE d.consumer_id = c.consumer_id AND d.position = l.position AND d.status = 'retrying')
                    """) == 0)
            await successor.stop()
            await healthy.stop()
            await receiver.stop()
        }
    }

    @Test("What got a 410, at once or as a retry, waits as it was until the consumer is resumed")
    func goneAndBack() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { reception in
                reception.attempt == 1 ? 500 : 410
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 50], of: consumer)
            let events = Events()
            let run = try await DeliveryRun(fixture, events: events.sink)

            try await run.append([fixture.message(1, chat: 1, to: bot)])
            _ = try await events.told.wait("the owner told", on: fixture.loop) { !$0.isEmpty }
            await run.stop()
            let waiting = try await fixture.count(
                "SELECT count(*) FROM delivery WHERE status = 'retrying' AND attempts = 1")
            let healthy = try await TestReceiver(on: fixture.loop)
            try await fixture.tamper("UPDATE consumer SET status = 'active', url = \(healthy.url)")
            let successor = try await DeliveryRun(fixture, epoch: 2)
            await successor.wake(bot)
            try await fixture.eventually("the row delivered") {
                try await fixture.count("SELECT count(*) FROM delivery") == 0
            }

            #expect(waiting == 1)
            #expect(receiver.receptions.all.count == 2)
            #expect(healthy.receptions.all.count == 1)
            await successor.stop()
            await healthy.stop()
            await receiver.stop()
        }
    }

    @Test("What another endpoint, or one that was given up, had failed for is forgotten")
    func forgotten() async throws {
        try await Fixture.with { fixture in
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "http://127.0.0.1:9/")
            let health = EndpointHealth(
                loop: fixture.loop, database: fixture.database, events: .none, logger: fixture.logger)
            let start = Timestamp.now - .seconds(1000)
            let fresh = try await target(of: consumer, fixture)

            await health.observe(attempt(500, at: start), of: fresh)
            await health.forget(consumer.id)
            await health.drain()
            let forgotten = try await state(of: consumer, fixture)
            await health.observe(attempt(500, at: start + .seconds(5)), of: fresh)
            await health.drain()
            let failing = try await state(of: consumer, fixture)

            #expect(forgotten.failingSince == nil)
            #expect(failing.failingSince == start + .seconds(5))
        }
    }

    @Test("An answer 410 from where the consumer does not point any more changes nothing")
    func goneElsewhere() async throws {
        try await Fixture.with { fixture in
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "http://127.0.0.1:9/old")
            let old = try await target(of: consumer, fixture)
            try await fixture.tamper("UPDATE consumer SET url = 'http://127.0.0.1:9/new'")

            let paused = try await fixture.database.write(consumer.bot.tenant) { tx in
                try await Consumer.pauseGone(old.source, at: old.url, in: tx)
            }

            #expect(paused == nil)
            #expect(try await state(of: consumer, fixture).status == .active)
        }
    }

    @Test(
        "Since when it fails is the first failure after a success, is written down, and ends with a success")
    func failingSince() async throws {
        try await Fixture.with { fixture in
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "http://127.0.0.1:9/")
            let health = EndpointHealth(
                loop: fixture.loop, database: fixture.database, events: .none, logger: fixture.logger)
            let start = Timestamp.now - .seconds(1000)
            let fresh = try await target(of: consumer, fixture)

            await health.observe(attempt(500, at: start), of: fresh)
            await health.observe(attempt(200, at: start + .seconds(1)), of: fresh)
            await health.observe(attempt(500, at: start + .seconds(2)), of: fresh)
            await health.observe(attempt(503, at: start + .seconds(3)), of: fresh)
            await health.drain()
            let failing = try await state(of: consumer, fixture)
            // Another node, which knows only what is written.
            let successor = EndpointHealth(
                loop: fixture.loop, database: fixture.database, events: .none, logger: fixture.logger)
            let known = try await target(of: consumer, fixture)
            await successor.observe(attempt(500, at: start + .seconds(4)), of: known)
            await successor.drain()
            let stillFailing = try await state(of: consumer, fixture)
            await successor.observe(attempt(200, at: start + .seconds(5)), of: known)
            await successor.drain()
            let recovered = try await state(of: consumer, fixture)

            #expect(failing.failingSince == start + .seconds(2))
            #expect(stillFailing.failingSince == start + .seconds(2))
            #expect(recovered.failingSince == nil && recovered.status == .active)
        }
    }

    @Test("A success counts before the consumer in memory shows that it fails, and before a failure after it")
    func recoveredAtOnce() async throws {
        try await Fixture.with { fixture in
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "http://127.0.0.1:9/")
            let health = EndpointHealth(
                loop: fixture.loop, database: fixture.database, events: .none, logger: fixture.logger)
            let start = Timestamp.now - .seconds(1000)
            let fresh = try await target(of: consumer, fixture)

            await health.observe(attempt(500, at: start), of: fresh)
            await health.drain()
            await health.observe(attempt(200, at: start + .seconds(1)), of: fresh)
            await health.drain()
            let recovered = try await state(of: consumer, fixture)
            await health.observe(attempt(500, at: start + .seconds(2)), of: fresh)
            await health.drain()
            let known = try await target(of: consumer, fixture)
            await health.observe(attempt(200, at: start + .seconds(3)), of: known)
            await health.observe(attempt(500, at: start + .seconds(4)), of: known)
            await health.drain()
            let failsAgain = try await state(of: consumer, fixture)

            #expect(recovered.failingSince == nil)
            #expect(known.consumer.failingSince == start + .seconds(2))
            #expect(failsAgain.failingSince == start + .seconds(4))
        }
    }

    @Test("A failure that has not lasted is not written down")
    func shortFailure() async throws {
        try await Fixture.with { fixture in
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "http://127.0.0.1:9/")
            let health = EndpointHealth(
                loop: fixture.loop, database: fixture.database, events: .none, logger: fixture.logger)
            let fresh = try await target(of: consumer, fixture)

            await health.observe(attempt(500, at: .now + .seconds(600)), of: fresh)
            await health.drain()

            #expect(try await state(of: consumer, fixture).failingSince == nil)
        }
    }
}
