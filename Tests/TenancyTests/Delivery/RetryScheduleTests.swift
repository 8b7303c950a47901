import Platform
import Testing

@testable import Tenancy

@Suite("Retry schedule")
struct RetryScheduleTests {
    private let schedule = RetrySchedule(waits: [0, 2, 10].map { .seconds($0) })

    @Test("Each attempt waits its entry, and after the last there is none")
    func entries() {
        let waits = (1...3).map { schedule.wait(after: $0, retryAfter: nil, jitter: 0.5) }

        #expect(waits == [.seconds(2), .seconds(10), nil])
    }

    @Test("The wait is spread by a fifth either way")
    func jitter() throws {
        let least = try #require(schedule.wait(after: 2, retryAfter: nil, jitter: 0))
        let most = try #require(schedule.wait(after: 2, retryAfter: nil, jitter: 1))

        #expect(abs(least.seconds - 8) < 0.001)
        #expect(abs(most.seconds - 12) < 0.001)
    }

    @Test("Retry-After lengthens a wait, never shortens it, and counts up to an hour")
    func retryAfter() {
        #expect(schedule.wait(after: 1, retryAfter: .seconds(30), jitter: 0.5) == .seconds(30))
        #expect(schedule.wait(after: 2, retryAfter: .seconds(1), jitter: 0.5) == .seconds(10))
        #expect(schedule.wait(after: 1, retryAfter: .seconds(86_400), jitter: 0.5) == .seconds(3600))
        #expect(schedule.wait(after: 3, retryAfter: .seconds(30), jitter: 0.5) == nil)
    }
}
