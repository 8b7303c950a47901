import Testing

@testable import Sandbox

@Suite("Retry backoff")
struct RetryBackoffTests {
    @Test("The first retry is at once, then the wait doubles up to the bound")
    func doublesUpToTheBound() {
        var retry = RetryBackoff()

        let waits = (0..<9).map { _ in retry.failed(retryAfter: 0, bound: 90) }

        #expect(waits == [0, 2, 4, 8, 16, 32, 64, 90, 90].map { .seconds($0) })
    }

    @Test("Retry-After counts instead, up to an hour, and does not double the wait")
    func honoursRetryAfter() {
        var retry = RetryBackoff()

        let first = retry.failed(retryAfter: 7, bound: 90)
        let tooLong = retry.failed(retryAfter: 90_000, bound: 90)
        let without = retry.failed(retryAfter: 0, bound: 90)

        #expect([first, tooLong, without] == [.seconds(7), .seconds(3600), .seconds(2)])
    }
}
