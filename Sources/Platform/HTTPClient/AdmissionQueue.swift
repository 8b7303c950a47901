/// Decides which request may run, by a limit on all and a limit on each origin.
///
/// Within an origin the order is first come, first served; among origins that have requests waiting, the places
/// that become free go round. libcurl's own limits on connections are not used for this: there, a request that
/// waits for a busy host stands before requests for idle ones.
struct AdmissionQueue<Element: AnyObject> {
    enum Decision { case start, wait, refuse }

    private struct Lane {
        var active = 0
        var waiting: [Element] = []
        var isInTurn = false
    }

    private let concurrent: Int
    private let concurrentPerOrigin: Int
    private let queued: Int
    private var lanes: [Origin: Lane] = [:]
    /// The origins that have both a request waiting and a place for it.
    private var turns: [Origin] = []
    private(set) var active = 0
    private(set) var waiting = 0

    init(limits: HTTPClientLimits) {
        concurrent = limits.concurrent
        concurrentPerOrigin = limits.concurrentPerOrigin
        queued = limits.queued
    }

    mutating func enter(_ element: Element, origin: Origin) -> Decision {
        var lane = lanes[origin, default: Lane()]
        if active < concurrent && lane.active < concurrentPerOrigin && lane.waiting.isEmpty {
            lane.active += 1
            active += 1
            lanes[origin] = lane
            return .start
        }
        guard waiting < queued else { return .refuse }
        lane.waiting.append(element)
        waiting += 1
        giveTurn(&lane, origin)
        lanes[origin] = lane
        return .wait
    }

    /// A started element is done; its place is free.
    mutating func leave(origin: Origin) {
        guard var lane = lanes[origin] else { return }
        lane.active -= 1
        active -= 1
        giveTurn(&lane, origin)
        lanes[origin] = lane.active == 0 && lane.waiting.isEmpty ? nil : lane
    }

    /// A waiting element is no longer wanted.
    mutating func abandon(_ element: Element, origin: Origin) {
        guard var lane = lanes[origin], let index = lane.waiting.firstIndex(where: { $0 === element }) else {
            return
        }
        lane.waiting.remove(at: index)
        waiting -= 1
        lanes[origin] = lane.active == 0 && lane.waiting.isEmpty && !lane.isInTurn ? nil : lane
    }

    /// The next waiting element that may start now; it counts as started.
    mutating func next() -> Element? {
        while active < concurrent, !turns.isEmpty {
            let origin = turns.removeFirst()
            guard var lane = lanes[origin] else { continue }
            lane.isInTurn = false
            guard lane.active < concurrentPerOrigin, !lane.waiting.isEmpty else {
                lanes[origin] = lane.active == 0 && lane.waiting.isEmpty ? nil : lane
                continue
            }
            let element = lane.waiting.removeFirst()
            waiting -= 1
            lane.active += 1
            active += 1
            giveTurn(&lane, origin)
            lanes[origin] = lane
            return element
        }
        return nil
    }

    /// Takes out all that wait.
    mutating func removeWaiting() -> [Element] {
        let all = lanes.values.flatMap(\.waiting)
        lanes = lanes.mapValues { Lane(active: $0.active) }
        turns = []
        waiting = 0
        return all
    }

    private mutating func giveTurn(_ lane: inout Lane, _ origin: Origin) {
        guard !lane.isInTurn, !lane.waiting.isEmpty, lane.active < concurrentPerOrigin else { return }
        lane.isInTurn = true
        turns.append(origin)
    }
}
