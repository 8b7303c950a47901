import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Lag of consumers", .timeLimit(.minutes(10)))
struct ConsumerLagTests {
    @Test("What is settled above the cursors does not count, nor what only the other cursor reads")
    func settled() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com/")
            let appender = fixture.appender()
            for number in 1...4 { try await appender.append(fixture.message(Int64(number), to: bot)) }
            for number in 5...7 {
                let json = #"{"update_id":\#(number),"callback_query":{"id":"1","from":{"id":5}}}"#
                try await appender.append(fixture.update(json, to: bot))
            }
            func settle(_ main: [Int64], _ express: [Int64]) async throws {
                func positions(_ updates: [Int64]) -> SQL {
                    """
                    ARRAY(SELECT position FROM update_log WHERE update_id = ANY(\(updates)) ORDER BY position)
                    """
                }
                _ = try await fixture.tamper(
                    "UPDATE consumer_cursor SET settled = \(positions(main)), express_settled = \(positions(express))"
                )
            }

            let all = try await lag(of: consumer, fixture)
            try await settle([2, 3], [6])
            let some = try await lag(of: consumer, fixture)
            // An express update is not the main cursor's business.
            try await settle([2, 3, 5, 7], [6])
            let same = try await lag(of: consumer, fixture)
            _ = try await fixture.tamper(
                "UPDATE consumer_cursor SET express_position = (SELECT max(position) FROM update_log)")
            let main = try await lag(of: consumer, fixture)

            #expect(all.updates == 7 && some.updates == 4 && same.updates == 4 && main.updates == 2)
            #expect(!all.isCapped)
        }
    }

    @Test("Only so much of the log is looked through, all consumers together, and then it says so")
    func capped() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let (one, two) = (
                try await fixture.consumer(of: bot, url: "https://example.com/"),
                try await fixture.consumer(of: bot, url: "https://example.com/")
            )
            let appender = fixture.appender()
            for number in 1...5 { try await appender.append(fixture.message(Int64(number), to: bot)) }

            let enough = try await lags(of: [one], lookingThrough: 6, fixture)[one.id]
            let little = try await lags(of: [one], lookingThrough: 4, fixture)[one.id]
            let shared = try await lags(of: [one, two], lookingThrough: 6, fixture)
            _ = try await fixture.tamper(
                """
                UPDATE consumer_cursor SET settled = ARRAY(
                    SELECT position FROM update_log WHERE update_id <> 2 ORDER BY position)
                """)
            let settledBeyond = try await lags(of: [one], lookingThrough: 2, fixture)[one.id]

            #expect(enough?.updates == 5 && enough?.isCapped == false)
            #expect(little?.updates == 4 && little?.isCapped == true)
            #expect(shared.values.allSatisfy { $0.updates == 3 && $0.isCapped } && shared.count == 2)
            #expect(settledBeyond?.updates == 1 && settledBeyond?.isCapped == true)
        }
    }

    private func lag(of consumer: Consumer, _ fixture: Fixture) async throws -> ConsumerLag {
        try await lags(of: [consumer], fixture)[consumer.id] ?? .none
    }

    private func lags(
        of consumers: [Consumer], lookingThrough most: Int = ConsumerLag.lookedThrough, _ fixture: Fixture
    ) async throws -> [ID<Consumer>: ConsumerLag] {
        try await fixture.database.read(consumers[0].bot.tenant) { tx in
            try await ConsumerLag.find(of: consumers.map(\.id), lookingThrough: most, in: tx)
        }
    }
}
