/// When another getUpdates has lately ended ours, and whether somebody else was said to poll. Once it was said it holds
/// until none has come for long: somebody who polls now and then is to be told of once.
struct PollConflicts: Sendable {
    private var times: [ContinuousClock.Instant] = []
    /// The last one since somebody else was said to poll.
    private var lastOfForeign: ContinuousClock.Instant?

    /// - Parameter isForeign: whether somebody else was said to poll already.
    init(isForeign: Bool = false, at now: ContinuousClock.Instant = .now) {
        if isForeign { lastOfForeign = now }
    }

    /// - Returns: whether somebody else polls: it happens too often for chance.
    mutating func add(_ pace: PollPace, at now: ContinuousClock.Instant = .now) -> Bool {
        times.removeAll { now - $0 > pace.conflictTime }
        times = times.suffix(pace.conflictLimit - 1) + [now]
        if times.count >= pace.conflictLimit || isForeign(pace, at: now) { lastOfForeign = now }
        return lastOfForeign == now
    }

    /// Whether somebody else still polls, as far as can be told.
    func isForeign(_ pace: PollPace, at now: ContinuousClock.Instant = .now) -> Bool {
        lastOfForeign.map { now - $0 <= pace.calmTime } ?? false
    }
}
