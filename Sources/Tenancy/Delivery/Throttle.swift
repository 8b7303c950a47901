import Platform

/// The pace of a consumer whose endpoint says that it gets too much (429, 502, 503, 504): a pure state machine.
///
///     free ──a throttling answer──▶ waiting ──wait over──▶ recovering: one at a time, then two, four, …
///       ▲                              ▲                        │     │
///       │                              └──a throttling answer───┘     │   (each time without a success between
///       └────────────────as many as may be under way at all───────────┘    the wait doubles)
///
/// One such answer among many successes, as from one bad server behind a balancer, halves what may be under way and has
/// nobody wait: each success is credit, which such an answer takes two of. So only where more than a third of the
/// answers throttle, or one says for how long, is there a wait.
///
/// It slows sending down and nothing else: an update that was not sent has had no attempt. The one whose answer
/// throttled has failed, and goes on by its own schedule.
struct Throttle {
    static let statusCodes: Set<Int> = [429, 502, 503, 504]
    private static let firstWait = Duration.seconds(1)
    private static let longestWait = Duration.seconds(60)
    private static let mostCredit = 10
    private static let price = 2

    /// nil: free.
    private var allowed: Int?
    private var until: ContinuousClock.Instant?
    private var wait = Throttle.firstWait
    private var credit = 0

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
    ///   - limit: how many may be under way when nothing throttles.
    ///   - retryAfter: counts up to an hour.
    ///   - jitter: 0 to 1, spread over ±20 % of the wait.
    mutating func throttled(
        at now: ContinuousClock.Instant, limit: Int, retryAfter: Duration?, jitter: Double
    ) {
        let asked = now + min(retryAfter ?? .zero, RetrySchedule.longestRetryAfter)
        // From before the wait began: it says nothing new, but how long.
        if let end = waits(at: now) { return until = max(end, asked) }
        guard retryAfter != nil || credit < Self.price else {
            credit -= Self.price
            return allowed = max(1, min(allowed ?? limit, limit) / 2)
        }
        until = max(now + wait * (0.8 + 0.4 * jitter), asked)
        wait = min(wait * 2, Self.longestWait)
        allowed = 1
        credit = 0
    }

    mutating func succeeded(at now: ContinuousClock.Instant, limit: Int) {
        guard waits(at: now) == nil else { return }
        credit = min(credit + 1, Self.mostCredit)
        wait = Self.firstWait
        guard let allowed else { return }
        self.allowed = allowed * 2 < limit ? allowed * 2 : nil
    }
}
