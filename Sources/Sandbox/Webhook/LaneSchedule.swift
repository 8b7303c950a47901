import Platform

/// Which lane is sent next. Telegram's model: a lane is idle (nothing to send), queued, loaded and ready,
/// in flight (one update of it is being sent) or waiting for its next try. Loaded, in flight and waiting
/// lanes together are at most `loadLimit`; the others queue, so that enough failing lanes stall a bot.
struct LaneSchedule {
    private enum State: Equatable {
        case queued, ready, inFlight
        case waiting(until: Timestamp)
    }

    private var states: [Lane: State] = [:]
    private var queued = FIFO<Lane>()
    private var ready = FIFO<Lane>()
    private var waiting: Set<Lane> = []
    private var loaded = 0
    private(set) var inFlight = 0

    /// The soonest end of a wait.
    var nextWake: Timestamp? {
        waiting.compactMap { if case .waiting(let until)? = states[$0] { until } else { nil } }.min()
    }

    func isInFlight(_ lane: Lane) -> Bool { states[lane] == .inFlight }

    func nextTry(of lane: Lane) -> Timestamp? {
        if case .waiting(let until)? = states[lane] { until } else { nil }
    }

    /// An update came into the lane.
    mutating func add(_ lane: Lane) {
        guard states[lane] == nil else { return }
        states[lane] = .queued
        queued.append(lane)
    }

    /// Takes a lane to send from; it is in flight until `finish` or `wait`.
    mutating func next(at now: Timestamp, loadLimit: Int) -> Lane? {
        for lane in waiting {
            guard case .waiting(let until)? = states[lane], until <= now else { continue }
            makeReady(lane)
        }
        while loaded < loadLimit, let lane = queued.popFirst() {
            guard states[lane] == .queued else { continue }
            loaded += 1
            makeReady(lane)
        }
        while let lane = ready.popFirst() {
            guard states[lane] == .ready else { continue }
            states[lane] = .inFlight
            inFlight += 1
            return lane
        }
        return nil
    }

    /// What was in flight is done with.
    /// - Parameter hasMore: whether the lane holds another update.
    mutating func finish(_ lane: Lane, hasMore: Bool) {
        land(lane)
        if hasMore { makeReady(lane) } else { forget(lane) }
    }

    /// What was in flight failed and is to be tried again.
    mutating func wait(_ lane: Lane, until: Timestamp) {
        land(lane)
        guard states[lane] != nil else { return }
        states[lane] = .waiting(until: until)
        waiting.insert(lane)
    }

    /// Ends all waits, as a new webhook does.
    mutating func endWaits() {
        for lane in waiting { makeReady(lane) }
    }

    /// Keeps only lanes that `isAlive` says still hold updates, and those in flight.
    mutating func prune(_ isAlive: (Lane) -> Bool) {
        for (lane, state) in states where state != .inFlight && !isAlive(lane) { forget(lane) }
        queued.keep { states[$0] == .queued }
        ready.keep { states[$0] == .ready }
    }

    private mutating func makeReady(_ lane: Lane) {
        waiting.remove(lane)
        states[lane] = .ready
        ready.append(lane)
    }

    private mutating func land(_ lane: Lane) {
        if states[lane] == .inFlight { inFlight -= 1 }
    }

    private mutating func forget(_ lane: Lane) {
        guard let state = states.removeValue(forKey: lane) else { return }
        waiting.remove(lane)
        if state != .queued { loaded -= 1 }
    }
}
