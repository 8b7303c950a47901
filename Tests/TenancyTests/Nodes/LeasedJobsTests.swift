import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Jobs under a lease", .timeLimit(.minutes(10)))
struct LeasedJobsTests {
    @Test("They run on one node, and on another when that one stops")
    func takeover() async throws {
        try await Fixture.with { fixture in
            let happenings = Happenings<String>()
            let first = Self.node("first", fixture, happenings)
            try await happenings.wait("the first node's job", on: fixture.loop) { $0 == ["first begins"] }

            let second = Self.node("second", fixture, happenings)
            first.cancel()
            try await happenings.wait("the second node's job", on: fixture.loop, within: .seconds(30)) {
                $0.last == "second begins"
            }
            second.cancel()
            await second.value

            #expect(
                happenings.all == ["first begins", "first ends", "second begins", "second ends"])
        }
    }

    @Test("A node that loses the lease in the database ends its jobs")
    func lost() async throws {
        try await Fixture.with { fixture in
            let happenings = Happenings<String>()
            let node = Self.node("first", fixture, happenings)
            try await happenings.wait("the job", on: fixture.loop) { $0 == ["first begins"] }

            _ = try await fixture.superuser.withConnection { connection in
                try await connection.execute(
                    """
                    UPDATE job_lease SET node_id = gen_random_uuid(), expires_at = clock_timestamp() + interval '1 hour'
                    """)
            }
            try await happenings.wait("its end", on: fixture.loop, within: .seconds(45)) {
                $0.last == "first ends"
            }
            node.cancel()
            await node.value

            #expect(happenings.all == ["first begins", "first ends"])
        }
    }

    /// A node's jobs; ended by cancelling, which the test awaits.
    private static func node(
        _ name: String, _ fixture: Fixture, _ happenings: Happenings<String>
    ) -> Task<Void, Never> {
        let jobs = LeasedJobs(
            JobLease(.bots, node: ID(), database: fixture.database), loop: fixture.loop,
            logger: fixture.logger,
            jobs: [
                {
                    happenings.add("\(name) begins")
                    try? await fixture.loop.sleep(for: .seconds(3600))
                    happenings.add("\(name) ends")
                }
            ])
        return Task(executorPreference: fixture.loop) { await jobs.run() }
    }
}
