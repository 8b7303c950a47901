import Platform

/// The lanes of a consumer that are worked off from delivery rows, and when the head of each is due.
///
///     waiting ──becomeDue──▶ due ──next──▶ sending ──▶ waiting again, or gone (`remove`)
///
/// A lane's rows are worked off by one at a time. Who learns meanwhile that they have changed marks the lane, and it
/// is looked at once more before it waits.
struct RetryLanes {
    private enum State {
        /// Without a timer: parked, or behind an update of the lane that is still being sent the fast way.
        case waiting(TimerQueue.Token?)
        case due
        case sending
    }

    private struct Lane {
        var state: State
        let isExpress: Bool
        var isChanged = false
    }

    private var lanes: [String: Lane] = [:]
    /// Lanes whose head is due, in the order in which they became so.
    private var turns = TurnQueue<String>()
    private var expressTurns = TurnQueue<String>()

    var isEmpty: Bool { lanes.isEmpty }
    var count: Int { lanes.count }

    func contains(_ lane: String) -> Bool { lanes[lane] != nil }
    func isExpress(_ lane: String) -> Bool { lanes[lane]?.isExpress ?? false }
    var hasDue: Bool { !turns.isEmpty || !expressTurns.isEmpty }
    func hasDue(express: Bool) -> Bool { express ? !expressTurns.isEmpty : !turns.isEmpty }

    /// Those that wait and are not among `names`.
    func waiting(outside names: Set<String>) -> [String] {
        lanes.compactMap { name, lane in
            if case .waiting = lane.state, !names.contains(name) { name } else { nil }
        }
    }

    /// A lane that is new here. It waits until somebody makes it due.
    mutating func add(_ lane: String, isExpress: Bool) {
        if lanes[lane] == nil { lanes[lane] = Lane(state: .waiting(nil), isExpress: isExpress) }
    }

    /// - Returns: whether it can be made to wait by one who is not working it off; else it is marked as changed.
    mutating func mayWait(_ lane: String) -> Bool {
        guard case .waiting = lanes[lane]?.state else {
            lanes[lane]?.isChanged = true
            return false
        }
        return true
    }

    /// - Returns: the timer that it had.
    mutating func wait(_ lane: String, _ timer: TimerQueue.Token?) -> TimerQueue.Token? {
        guard let old = lanes[lane]?.state else { return nil }
        lanes[lane]?.state = .waiting(timer)
        if case .waiting(let timer?) = old { return timer }
        return nil
    }

    mutating func becomeDue(_ name: String) {
        guard let lane = lanes[name], case .waiting = lane.state else { return }
        lanes[name]?.state = .due
        if lane.isExpress { expressTurns.append(name) } else { turns.append(name) }
    }

    mutating func next(express: Bool) -> String? {
        guard let lane = express ? expressTurns.popFirst() : turns.popFirst() else { return nil }
        lanes[lane]?.state = .sending
        return lane
    }

    /// Before the lane's rows are looked at: what changed them up to now is seen then.
    mutating func startLook(at lane: String) { lanes[lane]?.isChanged = false }

    /// Whether the rows have changed since they were last looked at.
    func isChanged(_ lane: String) -> Bool { lanes[lane]?.isChanged ?? false }

    mutating func remove(_ lane: String) { lanes.removeValue(forKey: lane) }

    mutating func cancelTimers(on loop: EventLoop) {
        for lane in lanes.values {
            if case .waiting(let timer?) = lane.state { loop.cancel(timer) }
        }
    }
}
