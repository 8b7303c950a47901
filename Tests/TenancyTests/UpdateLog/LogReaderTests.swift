import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Log reader", .serialized, .timeLimit(.minutes(10)))
struct LogReaderTests {
    @Test("A page ends at its limit, and says whether there may be more")
    func limit() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            try await append((1...3).map { try fixture.message($0, to: bot) }, fixture)

            let cut = try await read(bot, after: 0, limit: 2, fixture)
            let rest = try await read(bot, after: try #require(cut.updates.last).position, limit: 2, fixture)

            #expect(cut.updates.map(\.updateID) == [1, 2])
            #expect(cut.mayHaveMore)
            #expect(rest.updates.map(\.updateID) == [3])
            #expect(!rest.mayHaveMore)
        }
    }

    @Test("Large updates end a page before its limit, and one that is larger than a page comes alone")
    func bytes() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let sizes = [100_000, 100_000, 100_000, 400_000, 10]
            try await append(
                sizes.enumerated().map { number, size in
                    let text = String(repeating: "x", count: size)
                    return try fixture.message(Int64(number), text: text, to: bot)
                }, fixture)

            var pages: [LogReader.Page] = []
            repeat {
                let after = pages.last?.updates.last?.position ?? 0
                pages.append(try await read(bot, after: after, limit: 250, fixture))
            } while pages.last?.mayHaveMore == true && pages.count < 10

            #expect(pages.map { $0.updates.map(\.updateID) } == [[0, 1], [2], [3], [4]])
            #expect(pages.map(\.mayHaveMore) == [true, true, true, false])
        }
    }

    private func append(_ updates: [NewUpdate], _ fixture: Fixture) async throws {
        let appender = fixture.appender()
        for update in updates { try await appender.append(update) }
    }

    private func read(
        _ bot: Bot, after: Int64, limit: Int, _ fixture: Fixture
    ) async throws -> LogReader.Page {
        let reader = LogReader(loop: fixture.loop, database: fixture.database)
        let key = BotKey(tenant: bot.tenant, bot: bot.id)
        return try await reader.read(LogReader.Request(bot: key, after: after, limit: limit))
    }
}
