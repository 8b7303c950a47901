import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Listing of updates", .serialized, .timeLimit(.minutes(10)))
struct UpdateListingTests {
    private static let large = 900_000

    @Test("Large updates end a page before its limit, and one that is larger than a page comes alone")
    func bytes() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let sizes = [10, Self.large, Self.large, Self.large, 2_500_000, 10, 10]
            try await append(sizes.map { String(repeating: "x", count: $0) }, to: bot, fixture)

            let long = try await pages(of: bot, UpdateLog.Filter(), limit: 200, fixture)
            let exact = try await pages(of: bot, UpdateLog.Filter(), limit: 2, fixture)
            let single = try await pages(of: bot, UpdateLog.Filter(), limit: 1, fixture)

            #expect(long == [[7, 6], [5], [4, 3], [2, 1]] && exact == long)
            #expect(single == (1...7).reversed().map { [$0] })
        }
    }

    @Test("What PostgreSQL cannot compress counts as much")
    func incompressible() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            var random = SystemRandomNumberGenerator()
            let digits = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_".utf8)
            let texts = (1...5).map { _ in
                String(
                    decoding: (1...Self.large).map { _ in digits[Int(random.next() & 63)] }, as: UTF8.self)
            }
            try await append(texts, to: bot, fixture)

            let listed = try await pages(of: bot, UpdateLog.Filter(), limit: 200, fixture)

            let uncompressed = try await fixture.superuser.withConnection { connection in
                try await connection.value(
                    "SELECT count(*) FROM update_log WHERE pg_column_compression(payload) IS NULL",
                    as: Int64.self)
            }
            #expect(uncompressed == 5, "PostgreSQL has compressed them")
            #expect(listed == [[5, 4], [3, 2], [1]])
        }
    }

    @Test("With filters, too, every update is in one page, and a page's bytes are of what matches")
    func filters() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let text = String(repeating: "x", count: Self.large)
            try await append(Array(repeating: text, count: 11), to: bot, fixture) { $0 % 3 == 0 ? 2 : 1 }
            var (ofChat, ofKind, ofNone, ofTime) = (
                UpdateLog.Filter(), UpdateLog.Filter(), UpdateLog.Filter(), UpdateLog.Filter()
            )
            ofChat.chatID = 1
            ofKind.kind = "message"
            ofNone.kind = "poll"
            ofTime.from = Timestamp.now - .seconds(3600)
            ofTime.until = Timestamp.now + .seconds(3600)

            let chat = try await pages(of: bot, ofChat, limit: 200, fixture)
            let windowed = try await pages(of: bot, ofChat, limit: 200, lookingThrough: 4, fixture)
            let kind = try await pages(of: bot, ofKind, limit: 200, fixture)
            let none = try await pages(of: bot, ofNone, limit: 200, fixture)
            let time = try await pages(of: bot, ofTime, limit: 200, fixture)

            #expect(chat == [[11, 10], [8, 7], [5, 4], [2, 1]])
            #expect(windowed.flatMap(\.self) == [11, 10, 8, 7, 5, 4, 2, 1])
            #expect(windowed.allSatisfy { $0.count <= 2 })
            #expect(kind == [[11, 10], [9, 8], [7, 6], [5, 4], [3, 2], [1]] && time == kind)
            #expect(none == [[]])
        }
    }

    private func append(
        _ texts: [String], to bot: Bot, _ fixture: Fixture, chat: (Int64) -> Int64 = { _ in 1 }
    ) async throws {
        let appender = fixture.appender()
        for (number, text) in zip(Int64(1)..., texts) {
            try await appender.append(fixture.message(number, chat: chat(number), text: text, to: bot))
        }
    }

    /// The update_ids of each page, to the list's end.
    private func pages(
        of bot: Bot, _ filter: UpdateLog.Filter, limit: Int,
        lookingThrough window: Int64 = UpdateLog.lookedThrough, _ fixture: Fixture
    ) async throws -> [[Int64]] {
        var (pages, next): ([[Int64]], Int64?) = ([], nil)
        repeat {
            let position = next
            let listing = try await fixture.database.read(bot.tenant) { tx in
                try await UpdateLog.list(
                    bot.id, filter, before: position, limit: limit, lookingThrough: window, in: tx)
            }
            pages.append(listing.updates.map(\.updateID))
            next = listing.next
        } while next != nil && pages.count < 20
        return pages
    }
}
