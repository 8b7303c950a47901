import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Push delivery while its lease lapses", .serialized, .timeLimit(.minutes(10)))
struct DeliveryLeaseTests {
    @Test("Rows that could not be stored while the lease had lapsed are stored when it is back")
    func lapsedLease() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { _ in 500 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0, 3_600_000], of: consumer)
            let run = try await DeliveryRun(fixture, looksByItself: false)
            try await fixture.tamper("CREATE SEQUENCE refused")
            try await fixture.tamper(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
                BEGIN PERFORM nextval('refused'); RAISE 'refused'; END $$
                """)
            try await fixture.tamper(
                "CREATE TRIGGER refuse BEFORE INSERT ON delivery FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
            )
            let tries = { try await fixture.count("SELECT last_value FROM refused WHERE is_called") }

            try await run.append([fixture.message(1, to: bot)])
            try await fixture.eventually("a refusal") {
                try await fixture.count("SELECT count(*) FROM refused WHERE is_called") == 1
            }
            _ = run.leases.replace([], until: .now + .seconds(600))
            let before = try await tries()
            try await fixture.eventually("two more, without the lease") { try await tries() > before + 1 }
            run.hold(epoch: 1)
            try await fixture.tamper("DROP TRIGGER refuse ON delivery")
            try await fixture.settled(consumer)
            await run.stop()

            #expect(try await fixture.count("SELECT count(*) FROM delivery WHERE attempts = 1") == 1)
            await receiver.stop()
        }
    }
}
