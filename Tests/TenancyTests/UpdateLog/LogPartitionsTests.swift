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

    @Test("Dropping days that push consumers have not got is not done without a word")
    func lagging() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let (lagging, idle) = (try await fixture.bot(in: tenant), try await fixture.bot(in: tenant))
            for bot in [lagging, idle] {
                _ = try await fixture.consumer(of: bot, url: "https://example.com/updates")
            }
            let appender = fixture.appender()
            try await appender.append(fixture.message(1, to: lagging))
            try await appender.append(fixture.message(2, to: idle))
            try await fixture.tamper(
                """
                CREATE TABLE update_log_20200101 PARTITION OF update_log
                FOR VALUES FROM ('2020-01-01') TO ('2020-01-02')
                """)
            try await fixture.tamper("UPDATE update_log SET day = '2020-01-01' WHERE update_id = 1")
            let lines = Happenings<String>()
            let partitions = LogPartitions(
                database: fixture.database, loop: fixture.loop, logger: Logger(write: { lines.add($0) }))

            try await partitions.maintain(today: .now)
            try await partitions.maintain(today: .now)

            #expect(lines.all.count == 1)
            #expect(lines.all.first?.contains(#""count":1"#) == true)
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
