import Platform
import Testing

@testable import Tenancy

@Suite("Breaker")
struct BreakerTests {
    private let start = ContinuousClock.now

    @Test("Opens at the fifth failure in a row, not before")
    func opens() {
        var breaker = Breaker()

        for _ in 0..<4 { breaker.failed(at: start, retryAfter: nil, jitter: 0.5) }
        let isClosedAfterFour = breaker.isClosed
        breaker.failed(at: start, retryAfter: nil, jitter: 0.5)

        #expect(isClosedAfterFour)
        #expect(!breaker.isClosed)
        #expect(breaker.opensAt == start + .seconds(1))
    }

    @Test("A success starts the count anew")
    func successResets() {
        var breaker = Breaker()

        for _ in 0..<4 { breaker.failed(at: start, retryAfter: nil, jitter: 0.5) }
        breaker.succeeded()
        for _ in 0..<4 { breaker.failed(at: start, retryAfter: nil, jitter: 0.5) }

        #expect(breaker.isClosed)
    }

    @Test("When the wait is over one probe goes, and no more until it is settled")
    func probe() {
        var breaker = opened()

        let tooEarly = breaker.admits(at: start + .milliseconds(999))
        let probe = breaker.admits(at: start + .seconds(1))
        let second = breaker.admits(at: start + .seconds(100))

        #expect(!tooEarly && probe && !second)
        breaker.succeeded()
        let afterwards = breaker.admits(at: start + .seconds(2))
        #expect(breaker.isClosed && afterwards)
    }

    @Test("Each failed probe doubles the wait, up to a minute")
    func doubles() {
        var breaker = opened()
        var now = start
        var waits: [Duration] = []

        for _ in 0..<8 {
            guard let opensAt = breaker.opensAt else { break }
            waits.append(opensAt - now)
            now = opensAt
            _ = breaker.admits(at: now)
            breaker.failed(at: now, retryAfter: nil, jitter: 0.5)
        }

        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
    }

    @Test("Failures that were under way when it opened do not push the wait out")
    func lateFailures() {
        var breaker = opened()

        breaker.failed(at: start + .milliseconds(500), retryAfter: nil, jitter: 1)

        #expect(breaker.opensAt == start + .seconds(1))
    }

    @Test("Retry-After is kept to, up to a minute")
    func retryAfter() {
        var breaker = Breaker()
        var patient = Breaker()

        for _ in 0..<5 { breaker.failed(at: start, retryAfter: .seconds(20), jitter: 0.5) }
        for _ in 0..<5 { patient.failed(at: start, retryAfter: .seconds(7200), jitter: 0.5) }

        #expect(breaker.opensAt == start + .seconds(20))
        #expect(patient.opensAt == start + .seconds(60))
    }

    @Test("A probe that was never sent makes room for the next at once")
    func abandoned() {
        var breaker = opened()
        let later = start + .seconds(1)
        _ = breaker.admits(at: later)

        breaker.abandonProbe(at: later)

        let isAdmitted = breaker.admits(at: later)
        #expect(isAdmitted)
    }

    private func opened() -> Breaker {
        var breaker = Breaker()
        for _ in 0..<5 { breaker.failed(at: start, retryAfter: nil, jitter: 0.5) }
        return breaker
    }
}
