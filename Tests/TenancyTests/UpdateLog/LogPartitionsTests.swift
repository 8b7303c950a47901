import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Log partitions", .serialized, .timeLimit(.minutes(10)))
struct LogPartitionsTests {
    @Test("An append that finds no partition for today has it made at once")
    func missing() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let partitions = LogPartitions(
                database: fixture.database, loop: fixture.loop, logger: fixture.logger,
                shortestPause: .milliseconds(20))
            let appender = UpdateAppender(
                loop: fixture.loop, database: fixture.database, turns: AppendTurns(), metrics: Metrics(),
                deliveries: Deliveries([], leases: ShardLeases()), partitions: partitions)
            try await fixture.dropLogPartitions()
            let running = Task(executorPreference: fixture.loop) { try await partitions.run() }
            // What is made at the start is there, and nobody has asked for more.
            try await fixture.eventually("the first partitions") {
                (try? await fixture.appender().append(fixture.message(1, to: bot))) != nil
            }
            try await fixture.dropLogPartitions()

            let fault = await failure { try await appender.append(fixture.message(2, to: bot)) }
            try await fixture.eventually("a partition for today") {
                (try? await appender.append(fixture.message(2, to: bot))) != nil
            }
            running.cancel()
            _ = await running.result

            #expect(fault == "23514")
            #expect(try await fixture.count("SELECT count(*) FROM update_log") == 1)
        }
    }
}

extension Fixture {
    func dropLogPartitions() async throws {
        try await tamper(
            """
            DO $$ DECLARE child text; BEGIN
                FOR child IN SELECT inhrelid::regclass FROM pg_inherits
                    WHERE inhparent = 'update_log'::regclass LOOP
                    EXECUTE 'DROP TABLE ' || child;
                END LOOP;
            END $$
            """)
    }
}
