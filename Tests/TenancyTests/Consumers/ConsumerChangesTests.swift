import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Changes of consumers", .timeLimit(.minutes(10)))
struct ConsumerChangesTests {
    @Test("A consumer that is pointed elsewhere has not failed there; another change leaves that as it is")
    func elsewhere() async throws {
        try await Fixture.with { fixture in
            var consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "https://example.com/old")
            try await fixture.tamper("UPDATE consumer SET failing_since = now(), warned_at = now()")
            let failing: SQL = """
                SELECT count(*) FROM consumer WHERE failing_since IS NOT NULL AND warned_at IS NOT NULL
                """
            func save() async throws {
                try await fixture.database.write(consumer.bot.tenant) { [consumer] tx in
                    try await consumer.save(in: tx)
                }
            }

            consumer.name = "Other"
            try await save()
            let renamed = try await fixture.count(failing)
            consumer.url = "https://example.com/new"
            try await save()
            let moved = try await fixture.count(
                "SELECT count(*) FROM consumer WHERE failing_since IS NULL AND warned_at IS NULL")

            #expect(renamed == 1 && moved == 1)
        }
    }

    @Test("Whoever delivers is told of a change at its commit")
    func told() async throws {
        try await Fixture.with { fixture in
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "https://example.com/")
            let heard = Happenings<String>()
            let isListening = Happenings<Bool>()
            let listener = PostgresListener(
                loop: fixture.loop, configuration: fixture.testDatabase.configuration,
                channels: [Deliveries.channel], blocking: fixture.blocking, logger: fixture.logger
            ) {
                heard.add($0.payload)
            } onReconnect: {
                isListening.add(true)
            }
            listener.start()
            try await isListening.wait("the listener", on: fixture.loop) { !$0.isEmpty }

            let tenant = consumer.bot.tenant
            try await fixture.database.write(tenant) { tx in try await consumer.save(in: tx) }
            _ = try await fixture.database.write(tenant) { tx in try await consumer.pause(in: tx) }
            _ = try await fixture.database.write(tenant) { tx in try await consumer.pause(in: tx) }
            _ = try await fixture.database.write(tenant) { tx in try await consumer.resume(in: tx) }
            _ = try await fixture.database.write(tenant) { tx in
                try await Consumer.rotateSecret(
                    of: consumer.id, to: WebhookSigner.makeSecret(), grace: .zero, box: fixture.consumers,
                    in: tx)
            }
            let notices = try await heard.wait("four notices", on: fixture.loop) { $0.count >= 4 }
            listener.stop()

            #expect(Set(notices) == ["!\(tenant.uuid)/\(consumer.bot.bot.uuid)"])
            #expect(notices.count == 4)
        }
    }
}
