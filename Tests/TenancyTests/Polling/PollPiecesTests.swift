import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Pieces of polling", .timeLimit(.minutes(10)))
struct PollPiecesTests {
    @Test("Waits double up to a minute, and differ")
    func backoff() {
        var backoff = PollBackoff()

        let waits = (0..<12).map { _ in backoff.next() }

        for (number, wait) in waits.enumerated() {
            let longest = min(60.0, Double(1 << min(number, 6)))
            #expect(wait >= .seconds(longest / 2) && wait <= .seconds(longest))
        }
        backoff.reset()
        #expect(backoff.next() <= .seconds(1))
    }

    private static let conflictPace = PollPace(
        conflictLimit: 3, conflictTime: .seconds(60), calmTime: .seconds(600))

    @Test(
        "Conflicts count when they are close together, and from then on each does, until none has come for long"
    )
    func conflicts() {
        let (pace, start) = (Self.conflictPace, ContinuousClock.now)
        var conflicts = PollConflicts()

        let often = [0, 100, 110, 120, 700].map { conflicts.add(pace, at: start + .seconds($0)) }
        let (still, noMore) = (
            conflicts.isForeign(pace, at: start + .seconds(1300)),
            conflicts.isForeign(pace, at: start + .seconds(1301))
        )
        let later = [1301, 1400].map { conflicts.add(pace, at: start + .seconds($0)) }

        #expect(often == [false, false, false, true, true])
        #expect(still && !noMore)
        #expect(later == [false, false])
    }

    @Test("Somebody else who was said to poll is not forgotten when the bot goes to another poller")
    func inheritedConflict() {
        let (pace, start) = (Self.conflictPace, ContinuousClock.now)

        var conflicts = PollConflicts(isForeign: true, at: start)

        let (still, noMore) = (
            conflicts.isForeign(pace, at: start + .seconds(600)),
            conflicts.isForeign(pace, at: start + .seconds(601))
        )
        let another = conflicts.add(pace, at: start + .seconds(500))

        #expect(still && !noMore)
        #expect(another)
        #expect(conflicts.isForeign(pace, at: start + .seconds(1100)))
    }

    @Test("No more than there are turns fetch at a time, first come, first served")
    func turns() async throws {
        try await Fixture.with { fixture in
            let turns = CatchUpTurns(2, on: fixture.loop)
            let happenings = Happenings<Int>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<6 {
                    group.addTask(executorPreference: fixture.loop) {
                        try await turns.take {
                            happenings.add(number)
                            try await fixture.loop.sleep(for: .milliseconds(20))
                            happenings.add(-1)
                        }
                    }
                }
                try await group.waitForAll()
            }

            var (running, most) = (0, 0)
            for happening in happenings.all {
                running += happening < 0 ? -1 : 1
                most = max(most, running)
            }
            #expect(most == 2)
            #expect(happenings.all.filter { $0 >= 0 } == Array(0..<6))
        }
    }

    @Test("What polls have brought counts against the bot's limit, and more is to wait for its minute")
    func charge() {
        let now = ContinuousClock.now
        var limit = RateLimit()

        let within = limit.charge(59, perMinute: 60, at: now)
        let above = limit.charge(11, perMinute: 60, at: now)
        let later = limit.charge(0, perMinute: 60, at: now + .seconds(11))

        #expect(within == .zero)
        #expect(above == .seconds(11))
        #expect(later == .zero)
        #expect(limit.charge(0, perMinute: 0, at: now) == .seconds(60))
    }

    @Test("Several updates are appended in order, without those that the database refuses")
    func appendSeveral() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let sound = try (100..<140).map { try fixture.message($0, to: bot) }
            let poison = [7, 8].map { number in
                NewUpdate(
                    tenant: bot.tenant, bot: bot.id, head: sound[0].head.numbered(number), receivedAt: .now,
                    payload: Array(#"{"update_id":1,"message":{"text":""#.utf8) + [0xC0, 0x80]
                        + Array(#""}}"#.utf8))
            }

            let refused = try await fixture.appender().append(
                contentsOf: sound[..<10] + [poison[0]] + sound[10..<30] + [poison[1]] + sound[30...])

            let stored = try await fixture.superuser.withConnection { connection in
                try await connection.values(
                    "SELECT update_id FROM update_log ORDER BY position", as: Int64.self)
            }
            #expect(refused == [7, 8])
            #expect(stored == Array(100..<140))
        }
    }
}
