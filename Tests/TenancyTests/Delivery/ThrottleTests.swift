import Platform
import Testing

@testable import Tenancy

@Suite("Throttle")
struct ThrottleTests {
    private let start = ContinuousClock.now

    @Test("A throttling answer stops all for a second, then one goes at a time, then twice as many each time")
    func recovery() {
        var throttle = Throttle()

        throttle.throttled(at: start, limit: 8, retryAfter: nil, jitter: 0.5)
        let waiting = throttle.allowance(at: start + .milliseconds(999))
        var allowances: [Int] = []
        let later = start + .seconds(1)
        for _ in 0..<4 {
            allowances.append(throttle.allowance(at: later))
            throttle.succeeded(at: later, limit: 8)
        }

        #expect(waiting == 0)
        #expect(allowances == [1, 2, 4, .max])
        #expect(throttle.isFree)
    }

    @Test("Each throttling answer after a wait doubles it, up to a minute; those from before it do not")
    func doubles() {
        var throttle = Throttle()
        var now = start
        var waits: [Duration] = []

        for _ in 0..<8 {
            throttle.throttled(at: now, limit: 8, retryAfter: nil, jitter: 0.5)
            throttle.throttled(at: now + .milliseconds(1), limit: 8, retryAfter: nil, jitter: 1)
            guard let until = throttle.waits(at: now) else { break }
            waits.append(until - now)
            now = until
        }

        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
    }

    @Test("Retry-After is kept to, up to an hour, also from an answer that comes during the wait")
    func retryAfter() {
        var throttle = Throttle()

        throttle.throttled(at: start, limit: 8, retryAfter: .seconds(20), jitter: 0.5)
        let first = throttle.waits(at: start)
        throttle.throttled(at: start + .seconds(1), limit: 8, retryAfter: .seconds(100_000), jitter: 0.5)

        #expect(first == start + .seconds(20))
        #expect(throttle.waits(at: start) == start + .seconds(3601))
    }

    @Test(
        "Among successes a throttling answer halves what may be under way; where they are few it waits again")
    func partial() {
        var throttle = Throttle()

        for _ in 0..<4 { throttle.succeeded(at: start, limit: 8) }
        throttle.throttled(at: start, limit: 8, retryAfter: nil, jitter: 0.5)
        let half = throttle.allowance(at: start)
        throttle.throttled(at: start, limit: 8, retryAfter: nil, jitter: 0.5)
        let quarter = throttle.allowance(at: start)
        throttle.throttled(at: start, limit: 8, retryAfter: nil, jitter: 0.5)
        let none = throttle.allowance(at: start)

        #expect([half, quarter, none] == [4, 2, 0])
    }

    @Test("Whom a tenth of the answers throttles never waits", arguments: [40, 2])
    func tenth(_ limit: Int) {
        var throttle = Throttle()
        var waits = 0

        for number in 1...1000 {
            if number % 10 == 0 {
                throttle.throttled(at: start, limit: limit, retryAfter: nil, jitter: 0.5)
            } else {
                throttle.succeeded(at: start, limit: limit)
            }
            waits += throttle.waits(at: start) == nil ? 0 : 1
        }

        #expect(waits == 0)
    }

    @Test("A success between makes the next wait a short one again")
    func shortAgain() {
        var throttle = Throttle()
        var now = start

        for _ in 0..<5 {
            throttle.throttled(at: now, limit: 8, retryAfter: nil, jitter: 0.5)
            now = throttle.waits(at: now) ?? now
        }
        throttle.succeeded(at: now, limit: 8)
        throttle.throttled(at: now, limit: 8, retryAfter: nil, jitter: 0.5)

        #expect(throttle.waits(at: now) == now + .seconds(1))
    }

    @Test("A success of what was sent before the wait does not end it")
    func lateSuccess() {
        var throttle = Throttle()

        throttle.throttled(at: start, limit: 8, retryAfter: nil, jitter: 0.5)
        throttle.succeeded(at: start + .milliseconds(500), limit: 1)

        #expect(throttle.allowance(at: start + .milliseconds(600)) == 0)
        #expect(throttle.allowance(at: start + .seconds(2)) == 1)
    }
}
