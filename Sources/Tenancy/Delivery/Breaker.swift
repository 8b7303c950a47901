import Platform

/// Keeps a consumer from being hammered while its endpoint is down, and its lanes from turning into rows.
///
///     closed ──`threshold` failures in a row──▶ open ──wait over──▶ probing ──success──▶ closed
///                                                ▲                     │
///                                                └──────failure────────┘  (the wait doubles)
///
/// Open, nothing is sent; probing, one update is on its way. A success of any kind closes it.
struct Breaker {
    private enum State: Equatable {
        case closed
        case open(until: ContinuousClock.Instant)
        case probing
    }

    private static let threshold = 5
    private static let firstWait = Duration.seconds(1)
    private static let longestWait = Duration.seconds(60)

    private var state = State.closed
    private var failuresInARow = 0
    private var wait = Breaker.firstWait

    var isClosed: Bool { state == .closed }
    var isProbing: Bool { state == .probing }

    /// When an open breaker lets a probe through.
    var opensAt: ContinuousClock.Instant? {
        if case .open(let until) = state { until } else { nil }
    }

    /// Whether one more may be sent now; an open breaker whose wait is over turns this one into its probe.
    mutating func admits(at now: ContinuousClock.Instant) -> Bool {
        switch state {
        case .closed: return true
        case .probing: return false
        case .open(let until):
            guard now >= until else { return false }
            state = .probing
            return true
        }
    }

    mutating func succeeded() {
        state = .closed
        failuresInARow = 0
        wait = Self.firstWait
    }

    /// - Parameter jitter: 0 to 1, spread over ±20 % of the wait.
    mutating func failed(at now: ContinuousClock.Instant, retryAfter: Duration?, jitter: Double) {
        failuresInARow += 1
        guard state == .probing || failuresInARow >= Self.threshold else { return }
        if case .open = state { return }
        state = .open(
            until: now + max(wait * (0.8 + 0.4 * jitter), min(retryAfter ?? .zero, Self.longestWait)))
        wait = min(wait * 2, Self.longestWait)
    }

    /// The probe came to nothing either way (it was never sent): the next one may go at once.
    mutating func abandonProbe(at now: ContinuousClock.Instant) {
        if state == .probing { state = .open(until: now) }
    }
}
