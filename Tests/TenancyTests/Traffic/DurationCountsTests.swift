import Platform
import Testing

@testable import Tenancy

@Suite("Counts of durations")
struct DurationCountsTests {
    @Test(
        "A duration counts below the first bound that it does not reach, and bounds double with every second")
    func places() {
        #expect(DurationCounts.place(of: .zero) == 0)
        #expect(DurationCounts.place(of: .microseconds(249)) == 0)
        #expect(DurationCounts.place(of: .microseconds(250)) == 1)
        #expect(DurationCounts.place(of: .microseconds(353)) == 1)
        #expect(DurationCounts.place(of: .microseconds(354)) == 2)
        #expect(DurationCounts.place(of: .milliseconds(1)) == 5)
        #expect(DurationCounts.place(of: .seconds(500_000)) == DurationCounts.limit - 1)
        for place in 1..<(DurationCounts.limit - 2) {
            let bound = Duration.microseconds(Int64((DurationCounts.bound(place) * 1000).rounded(.up)))
            #expect(DurationCounts.place(of: bound) == place + 1)
            #expect(DurationCounts.place(of: bound - .microseconds(1)) <= place)
        }
    }

    @Test("Sums have room for the longer of the two, and are told empty when they are")
    func sums() {
        var counts = DurationCounts()
        let wasEmpty = counts.isEmpty
        counts.add(.microseconds(300), count: 2)
        var other = DurationCounts()
        other.add(.milliseconds(1))

        counts.add(other)

        #expect(wasEmpty && !counts.isEmpty)
        #expect(counts.counts == [0, 2, 0, 0, 0, 1])
    }

    @Test("Percentiles lie between the bounds of their element, also of hours that count in part")
    func percentiles() throws {
        var shares = DurationShares()
        let nothing = shares.percentile(0.5)
        var fast = DurationCounts()
        for _ in 0..<100 { fast.add(.milliseconds(4)) }
        var slow = DurationCounts()
        for _ in 0..<100 { slow.add(.milliseconds(900)) }

        shares.add(fast)
        shares.add(slow, share: 0.1)

        #expect(nothing == nil)
        let (p50, p95) = (try #require(shares.percentile(0.5)), try #require(shares.percentile(0.95)))
        #expect((4.0...5.7).contains(p50))
        #expect((720.0...1025).contains(p95))
        #expect(try #require(shares.percentile(0.99)) > p95)
    }
}
