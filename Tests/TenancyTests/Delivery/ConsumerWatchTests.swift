import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Consumers that fail for long", .serialized, .timeLimit(.minutes(10)))
struct ConsumerWatchTests {
    private typealias Events = EndpointHealthTests.Events

    /// A consumer with ten hours of patience that has failed for so many minutes, with a failed attempt just now.
    private func failing(
        for minutes: Int, lastAttempt: Int = 0, _ fixture: Fixture
    ) async throws -> Consumer {
        let consumer = try await fixture.consumer(
            of: fixture.bot(in: fixture.tenant()), url: "http://127.0.0.1:9/")
        try await fixture.tamper(
            """
            UPDATE consumer SET disable_after_ms = 36000000,
                failing_since = now() - \(Int32(minutes)) * interval '1 minute' WHERE id = \(consumer.id)
            """)
        try await fixture.tamper(
            """
            INSERT INTO delivery_attempt (tenant_id, consumer_id, day, position, update_id, attempt, status_code,
                duration_ms, error, at)
            VALUES (\(consumer.bot.tenant), \(consumer.id), (now() AT TIME ZONE 'UTC')::date, 1, 1, 1, 500, 1, 'no',
                now() - \(Int32(lastAttempt)) * interval '1 minute')
            """)
        return consumer
    }

    private func watch(_ events: Events, _ fixture: Fixture) -> ConsumerWatch {
        ConsumerWatch(
            loop: fixture.loop, database: fixture.database, events: events.sink, logger: fixture.logger)
    }

    private func state(of consumer: Consumer, _ fixture: Fixture) async throws -> Consumer? {
        try await fixture.database.read(consumer.bot.tenant) { tx in
            try await Consumer.find(consumer.id, in: tx)?.consumer
        }
    }

    @Test("Owners are warned at half of the time, once, and told when it will be disabled")
    func warned() async throws {
        try await Fixture.with { fixture in
            let early = try await failing(for: 295, fixture)
            let due = try await failing(for: 305, fixture)
            let events = Events()

            try await watch(events, fixture).pass()
            try await watch(events, fixture).pass()

            let told = events.told.all
            #expect(told.map(\.consumer.id) == [due.id])
            guard case .failing(let since, let end?) = told.first?.event else {
                Issue.record("\(told.map(\.event))")
                return
            }
            #expect(end - since == .seconds(36_000))
            #expect(events.recorded.all.count == 1)
            #expect(try await state(of: due, fixture)?.status == .active)
            #expect(try await state(of: early, fixture)?.status == .active)
        }
    }

    @Test("When the time is over it is disabled, but not within an hour of the warning")
    func disabled() async throws {
        try await Fixture.with { fixture in
            let consumer = try await failing(for: 700, fixture)
            let events = Events()
            try await watch(events, fixture).pass()
            try await watch(events, fixture).pass()
            let warned = try await state(of: consumer, fixture)
            try await fixture.tamper("UPDATE consumer SET warned_at = now() - interval '61 minutes'")

            try await watch(events, fixture).pass()
            try await watch(events, fixture).pass()
            let disabled = try #require(try await state(of: consumer, fixture))

            #expect(warned?.status == .active)
            #expect(disabled.status == .disabled && disabled.statusReason == .failing)
            #expect(disabled.failingSince != nil && disabled.updatedAt > consumer.updatedAt)
            #expect(events.told.all.count == 2)
            guard case .disabled(let since) = events.told.all.last?.event else {
                Issue.record("\(events.told.all.map(\.event))")
                return
            }
            #expect(since == disabled.failingSince)
            #expect(events.recorded.all.count == 2)
        }
    }

    @Test("A consumer whose last delivery has succeeded is left alone, though that is not written down yet")
    func recovered() async throws {
        try await Fixture.with { fixture in
            let consumer = try await failing(for: 700, fixture)
            try await fixture.tamper("UPDATE consumer SET warned_at = now() - interval '61 minutes'")
            try await fixture.tamper("UPDATE delivery_attempt SET status_code = 200, error = NULL")
            let events = Events()

            try await watch(events, fixture).pass()

            #expect(events.told.all.isEmpty)
            #expect(try await state(of: consumer, fixture)?.status == .active)
        }
    }

    @Test(
        "An endpoint that was asked nothing since is not known to fail still, nor one whose owner is patient")
    func leftAlone() async throws {
        try await Fixture.with { fixture in
            _ = try await failing(for: 700, lastAttempt: 650, fixture)
            let patient = try await failing(for: 700, fixture)
            let paused = try await failing(for: 700, fixture)
            try await fixture.tamper("UPDATE consumer SET disable_after_ms = NULL WHERE id = \(patient.id)")
            try await fixture.tamper("UPDATE consumer SET status = 'paused' WHERE id = \(paused.id)")
            let events = Events()

            try await watch(events, fixture).pass()

            #expect(events.told.all.isEmpty && events.recorded.all.isEmpty)
        }
    }
}
