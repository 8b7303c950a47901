import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("What is kept and counted of replays", .serialized, .timeLimit(.minutes(10)))
struct ReplayBoundsTests {
    @Test("Of those that have ended a consumer keeps so many, the newest")
    func kept() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com/updates")
            let first = try await fixture.replay(consumer)

            for _ in 0..<Replay.mostEnded { try await fixture.replay(consumer) }

            #expect(try await fixture.count("SELECT count(*) FROM replay") == Int64(Replay.mostEnded))
            #expect(
                try await fixture.count("SELECT count(*) FROM consumer WHERE type = 'replay'")
                    == Int64(Replay.mostEnded))
            #expect(try await fixture.find(first, of: consumer) == nil)
        }
    }

    @Test("Deliveries are counted up to a bound; then it is not known how many were delivered")
    func uncounted() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com/updates")
            let appender = fixture.appender()
            for number: Int64 in 1...5 { try await appender.append(fixture.message(number, to: bot)) }
            let replay = try await fixture.replay(consumer)
            try await fixture.deadLetters(1...3, of: consumer)
            try await fixture.tamper("UPDATE delivery SET consumer_id = \(replay.consumer)")
            func progress(counting most: Int) async throws -> Replay.Progress? {
                try await fixture.database.read(bot.tenant) { tx in
                    try await Replay.find(replay.id, counting: most, in: tx)?.progress
                }
            }

            let exact = try await progress(counting: 4)
            let bounded = try await progress(counting: 2)

            #expect(exact?.dead == 3 && exact?.delivered == 0 && exact?.pending != nil)
            #expect(bounded?.dead == 2 && bounded?.delivered == nil && bounded?.pending == nil)
        }
    }
}
