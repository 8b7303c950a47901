import Platform

/// The pace of a consumer whose endpoint says that it gets too much (429, 502, 503, 504): a pure state machine.
///
///     free ──a throttling answer──▶ waiting ──wait over──▶ recovering: one at a time, then two, four, …
///       ▲                              ▲                        │     │
///       │                              └──a throttling answer───┘     │   (each time the wait doubles)
///       └────────────────as many as may be under way at all───────────┘
///
/// It slows sending down and nothing else: an update that was not sent has had no attempt. The one whose answer
/// throttled has failed, and goes on by its own schedule.
struct Throttle {
    static let statusCodes: Set<Int> = [429, 502, 503, 504]
    private static let firstWait = Duration.seconds(1)
    private static let longestWait = Duration.seconds(60)

    /// nil: free.
    private var allowed: Int?
    private var until: ContinuousClock.Instant?
    private var wait = Throttle.firstWait

    var isFree: Bool { allowed == nil }

    /// How many may be under way now.
    func allowance(at now: ContinuousClock.Instant) -> Int {
        guard let allowed else { return .max }
        return waits(at: now) == nil ? allowed : 0
    }

    /// When the next may go; nil when one may now.
    func waits(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let until, until > now else { return nil }
        return until
    }

    /// - Parameters:
    ///   - retryAfter: counts up to an hour.
    ///   - jitter: 0 to 1, spread over ±20 % of the wait.
    mutating func throttled(at now: ContinuousClock.Instant, retryAfter: Duration?, jitter: Double) {
        let asked = now + min(retryAfter ?? .zero, RetrySchedule.longestRetryAfter)
        // From before the wait began: it says nothing new, but how long.
        if let end = waits(at: now) { return until = max(end, asked) }
        until = max(now + wait * (0.8 + 0.4 * jitter), asked)
        wait = min(wait * 2, Self.longestWait)
        allowed = 1
    }

    /// - Parameter limit: how many may be under way when nothing throttles.
    mutating func succeeded(at now: ContinuousClock.Instant, limit: Int) {
        guard let allowed, waits(at: now) == nil else { return }
        guard allowed * 2 < limit else { return self = Throttle() }
        self.allowed = allowed * 2
    }
}
