import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("The range of a replay", .serialized, .timeLimit(.minutes(10)))
struct LogTimesTests {
    private static let noon = Timestamp(microsecondsSince1970: 1_760_000_000_000_000)
    /// Positions have gaps of every size, and several updates may have come at the same time.
    private static let log: [(position: Int64, second: Int64)] = [
        (3, 0), (4, 0), (90, 10), (91, 20), (92, 20), (4000, 20), (4001, 30), (900_000, 40), (900_001, 40),
    ]

    private func time(_ second: Int64) -> Timestamp { Self.noon + .seconds(second) }

    @Test("It is found for every pair of times, as looking at each update would find it")
    func ranges() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com/updates")
            try await fixture.testDatabase.run(
                script: """
                    CREATE TABLE update_log_20251009 PARTITION OF update_log FOR VALUES FROM ('20251009') TO ('20251010')
                    """)
            for entry in Self.log {
                try await fixture.tamper(
                    """
                    INSERT INTO update_log (tenant_id, bot_id, day, position, update_id, kind, lane, received_at, payload)
                    SELECT \(bot.tenant), \(bot.id), '20251009', \(entry.position), \(entry.position), 'message', 'c1',
                        \(time(entry.second)), '{}'
                    """)
            }

            for from: Int64 in -1...41 {
                for to in [from + 1, from + 10, from + 11, from + 100] {
                    let meant = Self.log.filter { from..<to ~= $0.second }.map(\.position)
                    let range = try await fixture.database.read(bot.tenant) { tx in
                        try await Replay.range(
                            Replay.New(from: time(from), to: time(to)), of: consumer, in: tx)
                    }

                    #expect(range.first == meant.first && range.last == meant.last, "\(from) to \(to)")
                }
            }
        }
    }
}
