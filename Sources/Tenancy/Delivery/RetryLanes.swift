import Platform

/// The lanes of a consumer that are worked off from delivery rows, and when the head of each is due.
struct RetryLanes {
    private enum State {
        case waiting(TimerQueue.Token?)
        case due
        case sending
    }

    private var lanes: [String: State]
    /// Lanes whose head is due, in the order in which they became so.
    private var turns: [String] = []
    /// Lanes known from the start, whose timers are not set yet.
    private var unscheduled: [DeliveryRow.HeldLane]

    init(_ lanes: [DeliveryRow.HeldLane] = []) {
        self.lanes = Dictionary(uniqueKeysWithValues: lanes.map { ($0.name, .waiting(nil)) })
        unscheduled = lanes.filter { !$0.isParked }
    }

    var isEmpty: Bool { lanes.isEmpty }
    var count: Int { lanes.count }
    var hasDue: Bool { !turns.isEmpty }

    /// What still needs a timer; empty from the second call on.
    mutating func takeUnscheduled() -> [DeliveryRow.HeldLane] {
        defer { unscheduled = [] }
        return unscheduled
    }

    mutating func wait(_ lane: String, _ timer: TimerQueue.Token?) { lanes[lane] = .waiting(timer) }

    mutating func becomeDue(_ lane: String) {
        guard case .waiting = lanes[lane] else { return }
        lanes[lane] = .due
        turns.append(lane)
    }

    mutating func next() -> String? {
        guard !turns.isEmpty else { return nil }
        let lane = turns.removeFirst()
        lanes[lane] = .sending
        return lane
    }

    mutating func remove(_ lane: String) { lanes.removeValue(forKey: lane) }

    mutating func cancelTimers(on loop: EventLoop) {
        for case .waiting(let timer?) in lanes.values { loop.cancel(timer) }
    }
}
