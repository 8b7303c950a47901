import Platform
import Synchronization

/// Many rate limits under one bound of memory: by address, by tenant, by caller. The algorithm is GCRA, as for a bot's
/// updates, with a cost and with what clients are told.
///
/// A node's limiter counts what that node lets in. `share` is the part of every quota that is this node's: nodes that
/// lease parts of a budget from PostgreSQL set it, and nothing else changes.
package final class RateLimiter: Sendable {
    package struct Verdict: Sendable, Equatable {
        /// Units in a minute; nil: unlimited.
        package let quota: Int?
        /// Units left right now.
        package let remaining: Int
        /// Until all units are there again, seconds rounded up.
        package let reset: Int
        /// nil: let in.
        package let retryAfter: Duration?
    }

    private struct State {
        /// The theoretical arrival times.
        var arrivals: [String: ContinuousClock.Instant] = [:]
        var share = 1.0
    }

    private static let capacity = 200_000
    private let state = Mutex(State())

    package init() {}

    package func setShare(_ share: Double) { state.withLock { $0.share = share } }

    /// Takes `cost` units of the minute's quota of `key`, or nothing when there are not as many.
    package func take(
        _ key: String, cost: Int = 1, perMinute quota: Int?, at now: ContinuousClock.Instant = .now
    ) -> Verdict {
        guard let quota else { return Verdict(quota: nil, remaining: .max, reset: 0, retryAfter: nil) }
        let minute = Duration.seconds(60)
        return state.withLock { state in
            let units = max(1, Double(quota) * state.share)
            let interval = minute / units
            let arrival = max(state.arrivals[key] ?? now, now)
            let next = arrival + interval * cost
            let excess = next - (now + minute)
            let isAllowed = excess <= .zero && quota > 0
            if isAllowed {
                if state.arrivals.count >= Self.capacity { Self.forgetFull(&state, at: now) }
                state.arrivals[key] = next
            }
            let used = (isAllowed ? next : arrival) - now
            return Verdict(
                quota: quota, remaining: max(0, Int((minute - used) / interval)),
                reset: Int(used.seconds.rounded(.up)), retryAfter: isAllowed ? nil : max(excess, .seconds(1)))
        }
    }

    /// Those whose units are all there again need no memory. When that is not enough, everything is forgotten: a
    /// flood from very many addresses must not grow memory.
    private static func forgetFull(_ state: inout State, at now: ContinuousClock.Instant) {
        state.arrivals = state.arrivals.filter { $0.value > now }
        if state.arrivals.count >= capacity { state.arrivals.removeAll() }
    }
}
