import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("The first pull", .serialized, .timeLimit(.minutes(10)))
struct PullBeginningTests {
    @Test("A consumer without a cursor begins where the log ended when it was made")
    func noCursor() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            try await run.append([(1, 1)])
            try await run.change("UPDATE consumer SET created_at = clock_timestamp()")
            try await run.append([(2, 1)])

            try await run.change("DELETE FROM consumer_cursor")

            #expect(try await run.pulled() == [2])
        }
    }

    @Test("Of two who pull at once from a consumer without a cursor, both get an answer")
    func noCursorTwice() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            try await run.append([(1, 1)])
            try await run.change("DELETE FROM consumer_cursor")

            let second = try await fixture.database.write(run.bot.tenant) { tx in
                try await tx.execute(
                    """
                    INSERT INTO consumer_cursor (tenant_id, consumer_id, position, express_position)
                    VALUES (\(tx.tenant), \(run.consumer), 0, 0)
                    """)
                // Its end is awaited below.
                let second = Task(executorPreference: fixture.loop) { try await run.pulled() }
                try await fixture.eventually("the second to wait") {
                    try await fixture.count(
                        """
                        SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'
                        """) == 1
                }
                return second
            }

            #expect(try await second.value == [1])
        }
    }
}
