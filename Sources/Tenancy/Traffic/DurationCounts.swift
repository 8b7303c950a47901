import Platform

/// How long things took, counted by size: element i is how many took less than 2^(i/2) × 0.25 ms and no less than the
/// element before says; the last one also has all that took longer. Two steps double the time, so a percentile is
/// right to a fifth. Trailing zeros are left out.
package struct DurationCounts: Sendable, Equatable {
    /// The last bound is 37 hours.
    static let limit = 60

    package private(set) var counts: [Int64]

    package init(_ counts: [Int64] = []) { self.counts = counts }

    package var isEmpty: Bool { !counts.contains { $0 > 0 } }

    mutating func add(_ duration: Duration, count: Int = 1) {
        let place = Self.place(of: duration)
        if counts.isEmpty { counts.reserveCapacity(16) }
        while counts.count <= place { counts.append(0) }
        counts[place] += Int64(count)
    }

    mutating func add(_ other: DurationCounts) {
        while counts.count < other.counts.count { counts.append(0) }
        for (place, count) in other.counts.enumerated() { counts[place] += count }
    }

    /// The square's exponent is the number of half doublings.
    static func place(of duration: Duration) -> Int {
        let quarters = Double(duration.microseconds) / 250
        guard quarters >= 1 else { return 0 }
        return min(Int((quarters * quarters).exponent) + 1, limit - 1)
    }

    /// The time, in milliseconds, that element `place` and those before it stay below.
    static func bound(_ place: Int) -> Double {
        let doublings = place / 2
        return 0.25 * Double(sign: .plus, exponent: doublings, significand: 1)
            * (place.isMultiple(of: 2) ? 1 : 2.0.squareRoot())
    }
}

/// The same of several hours, an hour that is only in part within the time looked at counting in part.
package struct DurationShares: Sendable, Equatable {
    private var shares: [Double] = []

    package init() {}

    package mutating func add(_ counts: DurationCounts, share: Double = 1) {
        while shares.count < counts.counts.count { shares.append(0) }
        for (place, count) in counts.counts.enumerated() { shares[place] += Double(count) * share }
    }

    /// The time, in milliseconds, within which `part` of them (0 to 1) stayed, evenly spread between two bounds.
    /// - Returns: nil when nothing was counted.
    package func percentile(_ part: Double) -> Double? {
        let total = shares.reduce(0, +)
        guard total > 0 else { return nil }
        var rest = part * total
        for (place, share) in shares.enumerated() where share > 0 {
            if rest <= share {
                let low = place == 0 ? 0 : DurationCounts.bound(place - 1)
                return low + (DurationCounts.bound(place) - low) * rest / share
            }
            rest -= share
        }
        return DurationCounts.bound(shares.count - 1)
    }
}
