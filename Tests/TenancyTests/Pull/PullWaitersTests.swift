import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Waiting for updates to pull", .serialized, .timeLimit(.minutes(10)))
struct PullWaitersTests {
    @Test("Who waits gets an update when it is appended, and asks the database nothing meanwhile")
    func wake() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)

            let waiting = try await wait(run, for: .seconds(300))
            var before: Timestamp?
            try await fixture.eventually("its looks to be over") {
                let last = before
                before = try await lastStatement(run)
                return last == before
            }
            // That nothing happens can only be seen by letting time pass.
            try await fixture.loop.sleep(for: .seconds(2))
            let after = try await lastStatement(run)
            try await run.append([(1, 1)])
            let outcome = try await waiting.value

            #expect(before == after)
            #expect(outcome.updates.map(\.updateID) == [1])
        }
    }

    @Test("Of many who wait, one gets each update")
    func many() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            var waiting: [Task<PullOutcome, any Error>] = []
            for _ in 0..<5 {
                waiting.append(
                    Task(executorPreference: fixture.loop) { try await run.pull(1, for: .seconds(300)) })
            }
            try await isWaiting(run, 5)

            try await run.append((1...5).map { (Int64($0), Int64($0)) })

            var all: [Int64] = []
            for one in waiting { all += try await one.value.updates.map(\.updateID) }
            #expect(all.sorted() == [1, 2, 3, 4, 5])
        }
    }

    @Test("An acknowledgement wakes who waits for what was behind it, on another node, too")
    func acknowledgement() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture, isAlone: false)
            let heard = Happenings<String>()
            let listener = try await self.listener(fixture) { heard.add($0) }
            try await run.append([(1, 1), (2, 1)])
            let first = try await run.pull(1).updates
            let waiting = try await wait(run, for: .seconds(300))
            // Another node's waiters, that hear of it by the notice.
            let other = PullWaiters(
                pulled: PulledBots(), leases: run.leases, metrics: fixture.metrics)
            try await fixture.eventually("its look to be noted") {
                try await run.count("SELECT count(*) FROM consumer_cursor WHERE awaited_until IS NOT NULL")
                    == 1
            }

            try await fixture.database.write(run.bot.tenant) { tx in
                _ = try await PullAcknowledgement(run.consumer, .positions(first.map(\.position)))
                    .run(telling: other, in: tx)
            }
            let notices = try await heard.wait("the notice", on: fixture.loop) { $0.count >= 2 }
            run.waiters.receive(try #require(notices.last))

            #expect(try await waiting.value.updates.map(\.updateID) == [2])
            listener.stop()
        }
    }

    @Test("An append tells other nodes of bots with pull consumers only, and no node that is alone tells any")
    func notices() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture, isAlone: false)
            let stranger = try await fixture.bot(in: fixture.tenant())

            #expect(run.waiters.notices(of: [run.bot.key]).count == 1)
            #expect(run.waiters.notices(of: [stranger.key]).isEmpty)
            _ = run.leases.replace((0..<Shard.count).map { ($0, 1) }, until: .now + .seconds(600))
            #expect(run.waiters.notices(of: [run.bot.key]).isEmpty)
        }
    }

    @Test("The directory learns of a pull consumer made since")
    func directory() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let pulled = PulledBots()
            try await pulled.refresh(isFull: true, in: fixture.database)
            #expect(pulled.among([bot.key]).isEmpty)

            _ = try await fixture.pullConsumer(of: bot)
            try await pulled.refresh(isFull: false, in: fixture.database)

            #expect(pulled.among([bot.key]) == [bot.key])
        }
    }

    @Test("Who waits gets what another has not acknowledged in time, without being told")
    func visibility() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture, visibility: .seconds(2))
            try await run.append([(1, 1)])
            let first = try await run.pulled()

            let again = try await run.pull(for: .seconds(300))

            #expect(first == [1])
            #expect(again.updates.map(\.updateID) == [1])
        }
    }

    @Test("Who waits on gets what another took and has not acknowledged in time")
    func visibilityOfAnother() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture, visibility: .seconds(2))
            let waiting = (1...2).map { _ in
                Task(executorPreference: fixture.loop) { try await run.pull(for: .seconds(60)) }
            }
            try await isWaiting(run, 2)
            var before: Timestamp?
            try await fixture.eventually("their looks to be over") {
                let last = before
                before = try await lastStatement(run)
                return last == before
            }

            try await run.append([(1, 1)])

            for one in waiting { #expect(try await one.value.updates.map(\.updateID) == [1]) }
        }
    }

    @Test("A tenant's waits are bounded, and one that ends makes room")
    func bounds() async throws {
        try await Fixture.with { fixture in
            var bounds = PullWaiters.Bounds()
            bounds.byTenant = 1
            let run = try await PullRun(fixture, bounds: bounds)
            let waiting = try await wait(run, for: .seconds(300))

            await #expect(throws: PullRefusal.tooManyWaiting) { try await run.pull(for: .seconds(300)) }
            waiting.cancel()
            await #expect(throws: (any Error).self) { try await waiting.value }
            let next = try await wait(run, for: .seconds(300))
            try await run.append([(1, 1)])

            #expect(try await next.value.updates.map(\.updateID) == [1])
        }
    }

    @Test("When the node drains, waits end at once with nothing, and nobody waits any more")
    func drain() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            let waiting = try await wait(run, for: .seconds(3600))

            run.waiters.drain()

            #expect(try await waiting.value.updates.isEmpty)
            #expect(try await run.pull(for: .seconds(3600)).updates.isEmpty)
        }
    }

    @Test("After a time in which notices may have been missed, who waits looks")
    func missed() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            let waiting = try await wait(run, for: .seconds(300))
            // As another node does whose notice is lost.
            _ = try await fixture.appender().append(try fixture.message(1, to: run.bot))

            run.waiters.wakeAll()

            #expect(try await waiting.value.updates.map(\.updateID) == [1])
        }
    }

    @Test("A wait ends with nothing when its time is over")
    func end() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)

            let outcome = try await run.pull(for: .milliseconds(50))

            #expect(outcome.updates.isEmpty && !outcome.hasMore)
            try await isWaiting(run, 0)
        }
    }

    // MARK: Pieces

    private func wait(_ run: PullRun, for time: Duration) async throws -> Task<PullOutcome, any Error> {
        let waiting = Task(executorPreference: run.fixture.loop) { try await run.pull(for: time) }
        try await isWaiting(run, 1)
        return waiting
    }

    private func isWaiting(_ run: PullRun, _ count: Int) async throws {
        try await run.fixture.eventually("\(count) to wait") {
            run.fixture.metrics.exposition.contains("rookery_pull_waiting \(count)\n")
        }
    }

    /// When a statement was last sent as a tenant.
    private func lastStatement(_ run: PullRun) async throws -> Timestamp? {
        try await run.fixture.superuser.withConnection { connection in
            try await connection.value(
                """
                SELECT max(query_start) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                """)
        }
    }

    private func listener(
        _ fixture: Fixture, _ hear: @escaping @Sendable (String) -> Void
    ) async throws -> PostgresListener {
        let isListening = Happenings<Bool>()
        let listener = PostgresListener(
            loop: fixture.loop, configuration: fixture.testDatabase.configuration,
            channels: [PullWaiters.channel], blocking: fixture.blocking, logger: fixture.logger
        ) {
            hear($0.payload)
        } onReconnect: {
            isListening.add(true)
        }
        listener.start()
        try await isListening.wait("the listener", on: fixture.loop) { !$0.isEmpty }
        return listener
    }
}
