/// When another getUpdates has lately ended ours.
struct PollConflicts: Sendable {
    private var times: [ContinuousClock.Instant] = []

    /// - Returns: whether it happens too often for chance.
    mutating func add(_ pace: PollPace, at now: ContinuousClock.Instant = .now) -> Bool {
        times.removeAll { now - $0 > pace.conflictTime }
        times = times.suffix(pace.conflictLimit - 1) + [now]
        return times.count >= pace.conflictLimit
    }

    /// Whether somebody else still polls, as far as can be told.
    func isRecent(_ pace: PollPace, at now: ContinuousClock.Instant = .now) -> Bool {
        times.count >= pace.conflictLimit && times.contains { now - $0 <= pace.conflictTime }
    }
}
