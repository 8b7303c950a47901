import Testing

@testable import Tenancy

@Suite("The pace of a replay")
struct ReplayPaceTests {
    @Test("In no second more go out than are allowed, but for a small burst", arguments: [1, 7, 50, 1000])
    func limited(perSecond: Int) {
        let start = ContinuousClock.now
        var (pace, now, sent) = (
            ReplayPace(perSecond: perSecond, now: start), start, [ContinuousClock.Instant]()
        )

        while now < start + .seconds(3) {
            if let opensAt = pace.opensAt(now) {
                now = opensAt
            } else {
                pace.take(now)
                sent.append(now)
            }
        }

        for second in [0, 1, 2] {
            let from = start + .seconds(second)
            let count = sent.count { $0 >= from && $0 < from + .seconds(1) }
            #expect(count <= perSecond + perSecond / 50 && count >= perSecond - 1)
        }
    }

    @Test("Time in which nothing went out is not made up for")
    func idle() {
        let start = ContinuousClock.now
        var pace = ReplayPace(perSecond: 10, now: start)

        pace.take(start + .seconds(60))

        #expect(pace.opensAt(start + .seconds(60)) == start + .milliseconds(60_100))
    }
}
