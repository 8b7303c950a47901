import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Counting the gap of a long backlog", .serialized, .timeLimit(.minutes(10)))
struct MissingTests {
    private static let old = 9

    /// Nine updates of an old day, of which the fourth and the eighth have a deadline.
    private func lagging(_ fixture: Fixture) async throws -> Consumer {
        let bot = try await fixture.bot(in: fixture.tenant())
        let consumer = try await fixture.consumer(of: bot, url: "https://example.com/updates")
        try await fixture.day(before: Self.old)
        for position: Int64 in 1...9 {
            let isExpress = position.isMultiple(of: 4)
            try await fixture.log(
                position, before: Self.old, of: bot, kind: isExpress ? "inline_query" : "message",
                deadline: isExpress ? .now : nil)
        }
        return consumer
    }

    /// Counted in pages of two.
    private func counted(_ consumer: Consumer, _ fixture: Fixture) async throws -> (Missing?, pages: Int) {
        var missing = try await fixture.database.read(consumer.bot.tenant) { tx in
            try await Missing(of: consumer.id, until: pastDay(before: Self.old), pageSize: 2, in: tx)
        }
        var pages = 0
        while let further = try await fixture.database.read(
            consumer.bot.tenant, { [missing] tx in try await missing?.countingOn(in: tx) })
        {
            missing = further
            pages += 1
        }
        return (missing, pages)
    }

    private func note(
        _ missing: Missing?, of consumer: Consumer, _ fixture: Fixture
    ) async throws -> ConsumerGap? {
        try await fixture.database.write(consumer.bot.tenant) { tx in
            try await missing?.note(in: tx)?.1
        }
    }

    @Test("It is counted page by page, to what one count would give")
    func pages() async throws {
        try await Fixture.with { fixture in
            let consumer = try await lagging(fixture)
            // What is settled beyond the day is of no page.
            try await fixture.tamper(
                "UPDATE consumer_cursor SET position = 1, settled = '{3,6,20,21}', express_settled = '{20,21}'"
            )

            let (missing, pages) = try await counted(consumer, fixture)
            let gap = try await note(missing, of: consumer, fixture)

            // 2, 5, 7 and 9 of the one cursor, 4 and 8 of the other, which is done with a page that is not full.
            #expect(pages == 6)
            #expect(gap?.count == 6 && gap?.firstPosition == 2 && gap?.lastPosition == 9)
        }
    }

    @Test("Of a cursor that has gone on meanwhile only what it has come to is counted again")
    func movedOn() async throws {
        try await Fixture.with { fixture in
            let consumer = try await lagging(fixture)
            let (missing, _) = try await counted(consumer, fixture)
            try await fixture.tamper(
                "UPDATE consumer_cursor SET position = 3, settled = '{6}', express_position = 4")
            // Who looked at all of it again would not see these.
            try await fixture.tamper("DELETE FROM update_log WHERE position IN (7, 9)")

            let gap = try await note(missing, of: consumer, fixture)

            #expect(gap?.count == 4 && gap?.firstPosition == 5 && gap?.lastPosition == 9)
            #expect(try await fixture.cursor(of: consumer)?.position == 9)
        }
    }

    @Test("What is counted does not stand for a consumer that wants something else by now")
    func otherKinds() async throws {
        try await Fixture.with { fixture in
            let consumer = try await lagging(fixture)
            let (missing, _) = try await counted(consumer, fixture)
            try await fixture.tamper("UPDATE consumer SET kinds = '{message}'")

            await #expect(throws: Missing.Outdated.self) {
                try await note(missing, of: consumer, fixture)
            }

            #expect(try await fixture.cursor(of: consumer)?.position == 0)
        }
    }
}
