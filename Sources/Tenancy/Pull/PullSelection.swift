import Platform

/// What a puller gets of what is there: a pure function of what was read.
///
/// An update of a bot's log is, for a pull consumer, one of these: *settled*; *unwanted* (a kind that the consumer does
/// not take; nobody notes it); *out* (a handout that is not visible yet); *visible again* (a handout whose time is
/// over without an acknowledgement); or *fresh*.
///
/// - A lane with something out gives nothing: what is out of it comes back together, or not at all.
/// - Within a lane updates are given in the order of the log. What is left for want of room holds back what is behind
///   it.
/// - Updates with a deadline come before all others. One whose deadline is over is expired instead of given.
/// - At most `mostOut` are out, and at most `mostSettled` settled above the cursors: then only what is visible again
///   is given.
///
/// Each cursor's `from` goes on to the last position up to which everything is settled, unwanted or a handout; its
/// `position` to there too, or to before the first handout.
struct PullSelection {
    static let mostOut = 1000
    static let mostSettled = 10_000
    /// At a time.
    static let mostExpired = 1000
    /// Of payload. A first update that is larger is given alone.
    static let mostBytes = 2 << 20

    struct Taken: Equatable {
        let position: Int64
        let lane: String
        let deadline: Timestamp?
        let bytes: Int32
    }

    /// To be handed out, express first.
    private(set) var taken: [Taken] = []
    /// Of their payload.
    private(set) var bytes = 0
    private(set) var expired: [Int64] = []
    /// Handouts that are none any more: expired, or behind their cursor.
    private(set) var forgotten: [Int64] = []
    private(set) var main: PullCursor
    private(set) var express: PullCursor
    /// More is there than the limit allows. It may be behind what is given now, in its lane.
    private(set) var hasMore = false
    /// Something waits for an acknowledgement, or for what is out to become visible.
    private(set) var isHeld = false
    /// When the next of what is out becomes visible again.
    private(set) var nextVisibleAt: Timestamp?

    private let terms: PullState.Terms
    private let limit: Int
    private var outRoom: Int
    private var settledRoom: Int
    private var blocked: Set<String> = []

    init(
        _ terms: PullState.Terms, main: PullCursor, express: PullCursor, handouts: [PullHandout],
        mainScan: PullScan, expressScan: PullScan, limit: Int
    ) {
        self.terms = terms
        self.limit = limit
        self.main = main
        self.express = express
        let (live, stale) = Self.sorted(handouts, main, express)
        forgotten = stale
        outRoom = Self.mostOut - live.count
        settledRoom = Self.mostSettled - main.settled.count - express.settled.count
        for handout in live where handout.visibleAt > terms.now {
            if terms.ordering == .lane { blocked.insert(handout.lane) }
            nextVisibleAt = min(nextVisibleAt ?? handout.visibleAt, handout.visibleAt)
        }
        self.express = walk(express, live.filter { $0.deadline != nil }, expressScan, isExpress: true)
        self.main = walk(main, live.filter { $0.deadline == nil }, mainScan, isExpress: false)
    }

    /// As many were expired as may be at a time.
    var hasMoreExpired: Bool { expired.count >= Self.mostExpired }

    /// Whether anything is to be written.
    func isChange(from main: PullCursor, _ express: PullCursor) -> Bool {
        !taken.isEmpty || !expired.isEmpty || !forgotten.isEmpty || self.main != main
            || self.express != express
    }

    private static func sorted(
        _ handouts: [PullHandout], _ main: PullCursor, _ express: PullCursor
    ) -> (live: [PullHandout], stale: [Int64]) {
        var live: [PullHandout] = []
        var stale: [Int64] = []
        for handout in handouts {
            let cursor = handout.deadline == nil ? main : express
            if handout.position > cursor.position {
                live.append(handout)
            } else {
                stale.append(handout.position)
            }
        }
        return (live, stale)
    }

    // MARK: One cursor

    private mutating func walk(
        _ cursor: PullCursor, _ handouts: [PullHandout], _ scan: PullScan, isExpress: Bool
    ) -> PullCursor {
        let out = Dictionary(uniqueKeysWithValues: handouts.map { ($0.position, $0) })
        let settled = Set(cursor.settled)
        var next = cursor
        var newlySettled: [Int64] = []
        for handout in handouts where handout.position <= cursor.from {
            offer(handout, &newlySettled)
        }
        var isUnbroken = true
        for entry in scan.entries {
            // What follows is not looked at: the next puller will.
            if taken.count >= limit, hasMore { break }
            var isPassed = true
            if let handout = out[entry.position] {
                offer(handout, &newlySettled)
            } else if isExpress == (entry.deadline != nil), !settled.contains(entry.position), isWanted(entry)
            {
                isPassed = offer(entry, &newlySettled)
            }
            isUnbroken = isUnbroken && isPassed
            if isUnbroken { next.from = entry.position }
        }
        if scan.isCut, !taken.isEmpty { hasMore = true }
        let ended = Set(newlySettled)
        let firstOut = min(
            handouts.lazy.map(\.position).filter { !ended.contains($0) }.min() ?? .max,
            taken.lazy.filter { ($0.deadline != nil) == isExpress }.map(\.position).min() ?? .max)
        next.position = max(cursor.position, min(next.from, firstOut - 1))
        next.settled = (newlySettled.isEmpty ? cursor.settled : (cursor.settled + newlySettled).sorted())
            .filter { $0 > next.position }
        return next
    }

    private func isWanted(_ entry: PullScan.Entry) -> Bool {
        entry.kind != UpdateKind.adminCommand && terms.kinds?.contains(entry.kind) ?? true
    }

    /// - Returns: whether nothing remains to be done about it here.
    private mutating func offer(_ entry: PullScan.Entry, _ settled: inout [Int64]) -> Bool {
        if let deadline = entry.deadline, deadline <= terms.now {
            guard settledRoom > 0, expired.count < Self.mostExpired else { return false }
            settledRoom -= 1
            expired.append(entry.position)
            settled.append(entry.position)
            return true
        }
        let isTaken = take(
            Taken(position: entry.position, lane: entry.lane, deadline: entry.deadline, bytes: entry.bytes),
            isFresh: true)
        if isTaken {
            outRoom -= 1
            settledRoom -= 1
        }
        return isTaken
    }

    private mutating func offer(_ handout: PullHandout, _ settled: inout [Int64]) {
        guard handout.visibleAt <= terms.now else { return }
        if let deadline = handout.deadline, deadline <= terms.now {
            expired.append(handout.position)
            settled.append(handout.position)
            forgotten.append(handout.position)
            return
        }
        _ = take(
            Taken(
                position: handout.position, lane: handout.lane, deadline: handout.deadline,
                bytes: handout.bytes), isFresh: false)
    }

    private mutating func take(_ update: Taken, isFresh: Bool) -> Bool {
        if terms.ordering == .lane, blocked.contains(update.lane) {
            isHeld = true
            return false
        }
        let fits = taken.isEmpty || bytes + Int(update.bytes) <= Self.mostBytes
        let hasRoom = !isFresh || outRoom > 0 && settledRoom > 0
        guard taken.count < limit, fits, hasRoom else {
            if hasRoom { hasMore = true } else { isHeld = true }
            // In its place nothing behind it in its lane may go.
            if terms.ordering == .lane { blocked.insert(update.lane) }
            return false
        }
        taken.append(update)
        bytes += Int(update.bytes)
        return true
    }
}

extension PullState {
    /// What decides which updates are given.
    struct Terms {
        var kinds: Set<String>?
        var ordering: Consumer.Ordering
        var now: Timestamp
    }

    var terms: Terms { Terms(kinds: kinds, ordering: ordering, now: now) }
}
