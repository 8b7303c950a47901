import Platform
import Synchronization

/// Many rate limits of one kind (by address, by tenant, by caller) under one bound of memory. The algorithm is GCRA, as
/// for a bot's updates, with a cost and with what clients are told: a minute's units may come at once, and come back
/// one by one.
///
/// A node's limiter counts what that node lets in. `share` is the part of every quota that is this node's: nodes that
/// lease parts of a budget from PostgreSQL set it, and nothing else changes. Until then each node gives the whole.
///
/// Memory: keys live in two generations. New and used keys go into the young one; when that is full it becomes the
/// old one, and what the old one still held is forgotten, which lets a key start with a full quota. So a key in use
/// is kept, however many others come, and no request ever waits for a clean-up.
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
        var young: [RateLimitKey: Int64] = [:]
        var old: [RateLimitKey: Int64] = [:]
        var share = 1.0
    }

    private static let minute: Int64 = 60_000_000_000
    private let start: ContinuousClock.Instant
    private let capacity: Int
    /// The theoretical arrival times, in nanoseconds since `start`.
    private let state = Mutex(State())

    /// - Parameter capacity: keys in a generation; one takes some 40 bytes.
    package init(capacity: Int = 100_000, start: ContinuousClock.Instant = .now) {
        self.capacity = capacity
        self.start = start
    }

    package func setShare(_ share: Double) { state.withLock { $0.share = share } }

    /// How many keys are remembered.
    var count: Int { state.withLock { $0.young.count + $0.old.count } }

    /// Takes `cost` units of the minute's quota of `key`, or nothing when there are not as many. What costs more than
    /// the whole quota takes the whole.
    package func take(
        _ key: RateLimitKey, cost: Int = 1, perMinute quota: Int?, at now: ContinuousClock.Instant = .now
    ) -> Verdict {
        guard let quota else { return Verdict(quota: nil, remaining: .max, reset: 0, retryAfter: nil) }
        guard quota > 0 else { return Verdict(quota: 0, remaining: 0, reset: 60, retryAfter: .seconds(60)) }
        let now = (now - start).nanoseconds
        return state.withLock { state in
            let units = max(1, Int64(min(Double(quota) * state.share, 1e15)))
            let interval = max(1, Self.minute / units)
            let arrival = max(state.young[key] ?? state.old[key] ?? now, now)
            let next = arrival + interval * min(Int64(cost), units)
            let excess = next - (now + Self.minute)
            let kept = excess <= 0 ? next : arrival
            remember(key, kept, in: &state)
            let used = kept - now
            return Verdict(
                quota: quota, remaining: Int(min(units, (Self.minute - used) / interval)),
                reset: Int((used + 999_999_999) / 1_000_000_000),
                retryAfter: excess <= 0 ? nil : .nanoseconds(excess))
        }
    }

    private func remember(_ key: RateLimitKey, _ arrival: Int64, in state: inout State) {
        if state.young.count >= capacity, state.young[key] == nil {
            swap(&state.young, &state.old)
            state.young.removeAll(keepingCapacity: true)
        }
        state.young[key] = arrival
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
