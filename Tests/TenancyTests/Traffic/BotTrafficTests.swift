import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Bot traffic", .serialized, .timeLimit(.minutes(10)))
struct BotTrafficTests {
    private func traffic(_ fixture: Fixture) -> BotTraffic {
        BotTraffic(
            loop: fixture.loop, database: fixture.database, metrics: fixture.metrics, logger: fixture.logger)
    }

    private func flush(_ traffic: BotTraffic) async { await traffic.flush(until: .now + .seconds(30)) }

    /// Of all hours, since one may end while a test runs.
    private func counts(of bot: Bot, _ fixture: Fixture) async throws -> TrafficCounts {
        let rows = try await fixture.database.read(bot.tenant) { tx in
            try await tx.all(
                """
                SELECT \(TrafficCounts.columns) FROM bot_hour
                WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot.id)
                """, as: TrafficCounts.self)
        }
        return rows.reduce(into: TrafficCounts()) { $0.add($1) }
    }

    @Test("What is counted stands in the hour's row, and adds up with what was there")
    func adding() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let (first, second) = (traffic(fixture), traffic(fixture))

            first.stored(bot: bot.key, count: 3, repeated: 2, time: .milliseconds(1))
            first.refused(bot: bot.key, .wrongSecret)
            first.refused(bot: bot.key, .invalid)
            await flush(first)
            let early = try await counts(of: bot, fixture)
            first.stored(bot: bot.key, time: .milliseconds(40))
            for refusal in [BotTraffic.Refusal.limited, .forbidden, .failed] {
                first.refused(bot: bot.key, refusal)
            }
            second.delivered(bot: bot.key, time: .milliseconds(7))
            second.deliveryFailed(bot: bot.key)
            await flush(first)
            await flush(second)
            await flush(second)

            #expect(early.stored == 3 && early.repeated == 2 && early.wrongSecret == 1 && early.invalid == 1)
            #expect(early.ingestTimes.counts == [0, 0, 0, 0, 0, 3])
            // Telegram does not send again what it was told is wrong.
            #expect(early.lastRefusedAt == nil)
            let all = try await counts(of: bot, fixture)
            #expect(all.stored == 4 && all.limited == 1 && all.forbidden == 1 && all.failed == 1)
            #expect(all.delivered == 1 && all.deliveryFailed == 1)
            #expect(all.ingestTimes.counts.reduce(0, +) == 4)
            #expect(all.deliveryTimes.counts.reduce(0, +) == 1)
            #expect(all.lastStoredAt != nil && all.lastRefusedAt != nil)
        }
    }

    @Test("A loop writes what is due, a few rows a second, until all are written")
    func turns() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let traffic = BotTraffic(
                loop: fixture.loop, database: fixture.database, metrics: fixture.metrics,
                logger: fixture.logger, interval: .zero, shares: TrafficShares(rowsPerSecond: 2))
            for _ in 0..<5 { traffic.stored(bot: BotKey(tenant: tenant.id, bot: ID()), time: .zero) }

            let running = Task(executorPreference: fixture.loop) { try? await traffic.run() }
            try await fixture.eventually("all rows") {
                try await fixture.count("SELECT count(*) FROM bot_hour WHERE stored = 1") == 5
            }
            running.cancel()
            await running.value

            let transactions = try await fixture.count("SELECT count(DISTINCT xmin::text) FROM bot_hour")
            #expect(transactions == 3)
        }
    }

    @Test("What loops without traffic leave is there for those that have more than their share")
    func shares() {
        let shares = TrafficShares(rowsPerSecond: 100, loops: 4)

        // In turn, each second: three loops with little to do, and one with much.
        let seconds = (0..<3).map { _ in [0, 5, 10, 1000].map { shares.take($0) } }
        let allBusy = (0..<3).map { _ in (0..<4).map { _ in shares.take(1000) } }

        #expect(seconds == Array(repeating: [0, 5, 10, 85], count: 3))
        #expect(allBusy == Array(repeating: [25, 25, 25, 25], count: 3))
        #expect((0..<1000).map { _ in shares.take(0) }.allSatisfy { $0 == 0 })
        #expect(shares.take(1000) == 100)
    }

    @Test("What the database does not take is kept, and written later")
    func failure() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let traffic = traffic(fixture)
            traffic.stored(bot: bot.key, time: .milliseconds(1))
            try await fixture.tamper("ALTER TABLE bot_hour RENAME TO bot_hour_away")
            await flush(traffic)
            traffic.stored(bot: bot.key, time: .milliseconds(1))
            try await fixture.tamper("ALTER TABLE bot_hour_away RENAME TO bot_hour")

            await flush(traffic)

            #expect(try await counts(of: bot, fixture).stored == 2)
        }
    }

    @Test("Updates that were in the log already are told apart, for each bot of a group")
    func repetitions() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let (some, all, none) = (
                try await fixture.bot(in: tenant), try await fixture.bot(in: tenant),
                try await fixture.bot(in: tenant)
            )
            let traffic = traffic(fixture)
            let appender = UpdateAppender(
                loop: fixture.loop, database: fixture.database, turns: AppendTurns(),
                metrics: fixture.metrics,
                deliveries: Deliveries([], leases: ShardLeases()), traffic: traffic)
            @Sendable func append(_ updates: [NewUpdate]) async throws {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for update in updates {
                        group.addTask(executorPreference: fixture.loop) { try await appender.append(update) }
                    }
                    try await group.waitForAll()
                }
            }
            try await append([1, 2, 3].map { try fixture.message($0, to: some) })
            try await append([1, 2].map { try fixture.message($0, to: all) })

            try await append(
                [2, 3, 4, 5, 6].map { try fixture.message($0, to: some) }
                    + [1, 2].map { try fixture.message($0, to: all) }
                    + [1, 2].map { try fixture.message($0, to: none) })
            try await append([2, 3].map { try fixture.message($0, to: some) })
            await flush(traffic)

            let found = try await [some, all, none].mapInTurn { try await counts(of: $0, fixture) }
            #expect(found.map(\.stored) == [6, 2, 2])
            #expect(found.map(\.repeated) == [4, 2, 0])
            #expect(found.map { $0.ingestTimes.counts.reduce(0, +) } == [6, 2, 2])
        }
    }
}

extension Array {
    fileprivate func mapInTurn<T>(_ change: (Element) async throws -> T) async rethrows -> [T] {
        var changed: [T] = []
        for element in self { changed.append(try await change(element)) }
        return changed
    }
}
