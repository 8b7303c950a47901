import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Rate limit")
struct RateLimitTests {
    private let start = ContinuousClock.now

    @Test("A minute's worth may come at once, then one each interval")
    func burst() throws {
        var limit = RateLimit()

        var burst: [Duration?] = []
        for _ in 0..<60 { burst.append(limit.take(perMinute: 60, at: start)) }
        let wait = limit.take(perMinute: 60, at: start)
        let refused = try #require(wait)
        let again = limit.take(perMinute: 60, at: start + refused)

        #expect(burst.allSatisfy { $0 == nil })
        #expect(refused == .seconds(1))
        #expect(again == nil)
        let third = limit.take(perMinute: 60, at: start + refused)
        #expect(third != nil)
    }

    @Test("A refused one costs nothing")
    func refusalsAreFree() {
        var limit = RateLimit()
        for _ in 0..<60 { _ = limit.take(perMinute: 60, at: start) }

        for _ in 0..<1000 { _ = limit.take(perMinute: 60, at: start) }

        let afterASecond = limit.take(perMinute: 60, at: start + .seconds(1))
        #expect(afterASecond == nil)
    }

    @Test("Silence saves up a minute's worth and no more")
    func silence() {
        var limit = RateLimit()
        _ = limit.take(perMinute: 60, at: start)
        let later = start + .seconds(86_400)

        var taken = 0
        for _ in 0..<100 where limit.take(perMinute: 60, at: later) == nil { taken += 1 }

        #expect(taken == 60)
    }

    @Test("A limit of nothing lets nothing through")
    func nothing() {
        var limit = RateLimit()

        let wait = limit.take(perMinute: 0, at: start)
        #expect(wait == .seconds(60))
    }

    @Test("No minute sees more than twice the limit, whatever the pattern", arguments: UInt64(0)..<20)
    func neverMore(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var limit = RateLimit()
        var now = start
        var taken: [ContinuousClock.Instant] = []

        for _ in 0..<2000 {
            now += .milliseconds(Int.random(in: 0..<900, using: &random))
            if limit.take(perMinute: 60, at: now) == nil { taken.append(now) }
        }

        for (index, moment) in taken.enumerated() {
            let inMinute = taken[index...].prefix { $0 - moment < .seconds(60) }.count
            #expect(inMinute <= 120)
        }
    }
}
