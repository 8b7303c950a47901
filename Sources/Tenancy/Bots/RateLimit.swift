import Platform

/// The generic cell rate algorithm (GCRA): a rate with a burst, kept in one number.
package struct RateLimit: Sendable {
    /// The theoretical arrival time of the next unit: the algorithm's whole state.
    private var arrival: ContinuousClock.Instant?

    package init() {}

    /// Takes one unit of `perMinute`; a whole minute's worth may come at once.
    /// - Returns: nil when there was one, else how long until there is.
    package mutating func take(perMinute: Int, at now: ContinuousClock.Instant) -> Duration? {
        guard perMinute > 0 else { return .seconds(60) }
        let interval = Duration.seconds(60) / perMinute
        let next = max(arrival ?? now, now) + interval
        let excess = next - (now + .seconds(60))
        guard excess <= .zero else { return excess }
        arrival = next
        return nil
    }

    /// Takes units that have come already, also more than there are.
    /// - Returns: how long nothing more is to come; zero when something may.
    package mutating func charge(_ count: Int, perMinute: Int, at now: ContinuousClock.Instant) -> Duration {
        guard perMinute > 0 else { return .seconds(60) }
        let interval = Duration.seconds(60) / perMinute
        let next = max(arrival ?? now, now) + interval * count
        arrival = next
        return max(.zero, next + interval - (now + .seconds(60)))
    }
}
