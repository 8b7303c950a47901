import Platform

/// How many bots may be looked at: evenly, at twice the rate that all of them take in an interval, so that what has
/// piled up is worked off, but not in one go.
struct CheckPace: Sendable {
    static let mostAtOnce = 512
    private static let fewestAtOnce = 64
    private static let leastPerSecond = 20.0

    private var perSecond = leastPerSecond
    private var saved = 0.0
    private var last: ContinuousClock.Instant?

    mutating func set(bots: Int, interval: Duration) {
        perSecond = max(Self.leastPerSecond, 2 * Double(bots) / max(1, interval.seconds))
    }

    /// How many may be under way: a second's worth, so that the rate is kept while Telegram takes up to a second.
    var atOnce: Int { Int(min(max(perSecond, Double(Self.fewestAtOnce)), Double(Self.mostAtOnce))) }

    /// - Returns: how many may begin now, at most a second's worth.
    mutating func allowance(at now: ContinuousClock.Instant) -> Int {
        let elapsed = last.map { (now - $0).seconds } ?? 1
        last = now
        saved = min(perSecond, saved + elapsed * perSecond)
        return Int(saved)
    }

    mutating func took(_ count: Int) { saved -= Double(count) }
}
