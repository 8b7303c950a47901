import FoundationEssentials

/// Decides which request may run: by a limit on all, a limit on each origin of a party, and a fair share for each
/// party.
///
/// - A party is whoever requests are made for. Two parties at one origin do not share its limit.
/// - A party may have as many under way as places are free: one that takes all it can get has half of them, two have
///   a third each, and so on. So there is always a place for one that needs few, however slowly the others' requests
///   end. What may wait is shared in the same way. What has no party is only under the limits.
/// - A place that becomes free goes to the waiting party that has the fewest; within a party its origins take turns,
///   and within an origin the order is first come, first served.
///
/// libcurl's own limits on connections are not used for this: there, a request that waits for a busy host stands
/// before requests for idle ones.
struct AdmissionQueue<Element: AnyObject> {
    enum Decision { case start, wait, refuse }

    /// Whose request it is, and where it goes.
    struct Claim: Hashable {
        let party: UUID?
        let origin: Origin
    }

    private struct Lane {
        var active = 0
        var waiting: [Element] = []
        var isInTurn = false
    }

    private struct Party {
        var active = 0
        var waiting = 0
        /// Its origins that have both a request waiting and a place for it.
        var turns: [Origin] = []
        /// Under which it stands in `ready`.
        var level: Int?
    }

    private let concurrent: Int
    private let concurrentPerOrigin: Int
    private let queued: Int
    private var lanes: [Claim: Lane] = [:]
    private var parties: [UUID?: Party] = [:]
    /// Parties that have something waiting which their origin has a place for, by how many they have under way.
    private var ready: [Int: [UUID?]] = [:]
    private(set) var active = 0
    private(set) var waiting = 0

    init(limits: HTTPClientLimits) {
        concurrent = limits.concurrent
        concurrentPerOrigin = limits.concurrentPerOrigin
        queued = limits.queued
    }

    mutating func enter(_ element: Element, _ claim: Claim) -> Decision {
        let free = concurrent - active
        let queue = queued - waiting
        let limit = concurrentPerOrigin
        let decision = change(claim) { lane, party in
            let hasPlace = free > (claim.party == nil ? 0 : party.active)
            if hasPlace, lane.active < limit, lane.waiting.isEmpty {
                lane.active += 1
                party.active += 1
                return Decision.start
            }
            guard queue > (claim.party == nil ? 0 : party.waiting) else { return .refuse }
            lane.waiting.append(element)
            party.waiting += 1
            return .wait
        }
        switch decision {
        case .start: active += 1
        case .wait: waiting += 1
        case .refuse: break
        }
        return decision
    }

    /// A started element is done; its place is free.
    mutating func leave(_ claim: Claim) {
        active -= 1
        change(claim) { lane, party in
            lane.active -= 1
            party.active -= 1
        }
    }

    /// A waiting element is no longer wanted.
    mutating func abandon(_ element: Element, _ claim: Claim) {
        let isFound = change(claim) { lane, party in
            guard let index = lane.waiting.firstIndex(where: { $0 === element }) else { return false }
            lane.waiting.remove(at: index)
            party.waiting -= 1
            return true
        }
        if isFound { waiting -= 1 }
    }

    /// The next waiting element that may start now; it counts as started.
    mutating func next() -> Element? {
        guard waiting > 0, let level = ready.keys.min(), level < concurrent - active,
            let id = ready[level]?.first, let origin = parties[id]?.turns.first
        else { return nil }
        // Out of both turns: it comes last again.
        standBack(id, from: level)
        let element = change(Claim(party: id, origin: origin)) { lane, party in
            party.level = nil
            party.turns.removeFirst()
            lane.isInTurn = false
            lane.active += 1
            party.active += 1
            party.waiting -= 1
            return lane.waiting.removeFirst()
        }
        waiting -= 1
        active += 1
        return element
    }

    var allWaiting: [Element] { lanes.values.flatMap(\.waiting) }

    /// Takes out all that wait.
    mutating func removeWaiting() -> [Element] {
        let all = allWaiting
        lanes = lanes.mapValues { Lane(active: $0.active) }
        parties = parties.mapValues { Party(active: $0.active) }
        ready = [:]
        waiting = 0
        return all
    }

    /// Changes a lane and its party, and then their places among those that may go next.
    private mutating func change<Result>(
        _ claim: Claim, _ body: (inout Lane, inout Party) -> Result
    ) -> Result {
        var lane = lanes.removeValue(forKey: claim) ?? Lane()
        var party = parties.removeValue(forKey: claim.party) ?? Party()
        let result = body(&lane, &party)
        let isReady = !lane.waiting.isEmpty && lane.active < concurrentPerOrigin
        if isReady, !lane.isInTurn { party.turns.append(claim.origin) }
        if !isReady, lane.isInTurn { party.turns.removeAll { $0 == claim.origin } }
        lane.isInTurn = isReady
        let level = party.turns.isEmpty ? nil : claim.party == nil ? 0 : party.active
        if level != party.level {
            if let old = party.level { standBack(claim.party, from: old) }
            if let level { ready[level, default: []].append(claim.party) }
            party.level = level
        }
        if lane.active > 0 || !lane.waiting.isEmpty { lanes[claim] = lane }
        if party.active > 0 || party.waiting > 0 { parties[claim.party] = party }
        return result
    }

    private mutating func standBack(_ id: UUID?, from level: Int) {
        ready[level]?.removeAll { $0 == id }
        if ready[level]?.isEmpty ?? false { ready.removeValue(forKey: level) }
    }
}
