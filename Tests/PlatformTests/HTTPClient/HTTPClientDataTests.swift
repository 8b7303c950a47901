import Platform
import Testing

@Suite("HTTP client, limits by type", .timeLimit(.minutes(10)))
struct HTTPClientDataTests {
    @Test(
        "A successful answer of data may be longer than others",
        arguments: [
            ("200 OK", "application/json; charset=utf-8", 1000), ("200 OK", "text/html", 10),
            ("200 OK", "application/x-www-form-urlencoded", 1000), ("500 No", "application/json", 10),
        ])
    func dataLimit(status: String, type: String, kept: Int) async throws {
        let server = try StubServer.answering { _ in
            httpAnswer(
                status, headers: "Content-Type: \(type)\r\n",
                body: String(repeating: "x", count: 2000))
        }
        defer { server.stop() }

        let answer = try await withClient { client, _ in
            var request = HTTPClientRequest(url: server.url, timeout: .seconds(60), responseLimit: 10)
            request.dataLimit = 1000
            return try await client.send(request)
        }

        #expect(answer.body.count == kept)
        #expect(answer.isTruncated)
    }
}
