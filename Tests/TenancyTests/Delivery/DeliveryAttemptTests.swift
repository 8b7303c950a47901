import Testing

@testable import Platform
@testable import Tenancy

@Suite("Attempts at delivery")
struct DeliveryAttemptTests {
    @Test(
        "What an endpoint asks for with Retry-After is seconds or a date, from its answer on",
        arguments: [
            ("120", Duration.seconds(120)), ("-1", .zero), ("Tue, 20 Jan 2026 10:01:30 GMT", .seconds(88)),
            ("Tue, 20 Jan 2026 09:00:00 GMT", .zero), ("soon", nil),
        ])
    func retryAfter(text: String, wait: Duration?) throws {
        let answer = HTTPClientResponse(
            status: 503, version: .http1, headers: [("Retry-After", text)], body: [], isTruncated: false,
            duration: .seconds(2))

        let attempt = DeliveryAttempt(
            number: 1, at: try #require(Timestamp("2026-01-20T10:00:00Z")), answer: answer, after: .seconds(2)
        )

        #expect(attempt.retryAfter == wait)
    }
}
