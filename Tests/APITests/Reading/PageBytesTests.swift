import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Bytes of a page", .serialized, .timeLimit(.minutes(10)))
struct PageBytesTests {
    @Test("A page of large updates ends before its limit, and the cursor goes on behind its last")
    func updates() async throws {
        try await Fixture.with { fixture in
            let owner = try await Visitor(fixture)
            let bot = try await fixture.bot(in: owner.tenant)
            let appender = fixture.appender()
            let text = String(repeating: "x", count: 900_000)
            for number in 1...7 {
                try await appender.append(
                    fixture.message(Int64(number), chat: number == 4 ? 2 : 1, text: text, to: bot))
            }
            func pages(_ filter: String) async throws -> [[JSONValue?]] {
                try await self.pages("update_id") { cursor in
                    try await Updates.list(
                        owner.call(
                            "/v1/bots/x/updates", "limit=200\(filter)\(cursor)",
                            parameters: ["bot_id": "\(bot.id)"]))
                }
            }

            let all = try await pages("")
            let ofChat = try await pages("&chat_id=1&kind=message")

            #expect(all == numbers([[7, 6], [5, 4], [3, 2], [1]]))
            #expect(ofChat == numbers([[7, 6], [5, 3], [2, 1]]))
        }
    }

    @Test("Attempts whose answers grow when they are written as JSON end a page, too")
    func attempts() async throws {
        try await Fixture.with { fixture in
            let owner = try await Visitor(fixture)
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: owner.tenant), url: "https://example.com/x")
            _ = try await fixture.superuser.withConnection { connection in
                try await connection.execute(
                    """
                    INSERT INTO delivery_attempt (tenant_id, consumer_id, day, position, update_id, attempt,
                        status_code, duration_ms, response, at)
                    SELECT \(owner.tenant.id), \(consumer.id), (now() AT TIME ZONE 'UTC')::date, n, n % 2, n, 500, 7,
                        decode(repeat('01', 4096), 'hex'), now()
                    FROM generate_series(1, 200) AS n
                    """)
            }
            func pages(_ filter: String) async throws -> [[JSONValue?]] {
                try await self.pages("attempt") { cursor in
                    try await DeliveryRecords.attempts(
                        owner.call(
                            "/v1/consumers/x/attempts", "limit=200\(filter)\(cursor)",
                            parameters: ["consumer_id": "\(consumer.id)"]))
                }
            }

            let all = try await pages("")
            let odd = try await pages("&update_id=1")

            #expect(all.flatMap(\.self) == numbers([Array((1...200).reversed())])[0])
            #expect(odd.flatMap(\.self) == numbers([Array(stride(from: 199, to: 0, by: -2))])[0])
            #expect(all.count == 3 && odd.count == 2)
        }
    }

    private func numbers(_ pages: [[Int]]) -> [[JSONValue?]] { pages.map { $0.map { .number("\($0)") } } }

    /// What all rows have as `name`, page by page. No page is much larger than it may be.
    private func pages(
        _ name: String, _ list: (_ cursor: String) async throws -> HTTPResponse
    ) async throws -> [[JSONValue?]] {
        var (pages, cursor): ([[JSONValue?]], String?) = ([], "")
        while let query = cursor, pages.count < 20 {
            let response = try await list(query)
            guard case .bytes(let bytes) = response.body else { throw TimedOut("a body") }
            let answer = try ListAnswer(response)
            #expect(bytes.count < ListQuery.pageBytes + 50_000 && answer.hasMore == (answer.next != nil))
            pages.append(answer.values(name))
            cursor = answer.next.map { "&cursor=\($0)" }
        }
        return pages
    }
}
