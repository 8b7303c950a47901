import Platform

/// Keeps a replay from taking more of an endpoint than its owner has set: so many a second, evenly, in bursts of at most
/// a fiftieth of them. Whoever sends asks `opensAt` and then calls `take`.
struct ReplayPace {
    private let interval: Duration
    private let burst: Duration
    /// When the next would go out, were they sent one by one.
    private var next: ContinuousClock.Instant

    init(perSecond: Int, now: ContinuousClock.Instant) {
        // Rounded up, so that a second never holds one more.
        interval = .nanoseconds((1_000_000_000 + perSecond - 1) / perSecond)
        burst = interval * (max(1, perSecond / 50) - 1)
        next = now
    }

    /// - Returns: nil when one may go now.
    func opensAt(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        next - burst > now ? next - burst : nil
    }

    mutating func take(_ now: ContinuousClock.Instant) { next = max(next, now) + interval }
}
