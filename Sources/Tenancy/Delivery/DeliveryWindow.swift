import Platform

/// How far a window has come: everything up to `cursor` is settled, and of what is above it `settled`, ascending.
struct WindowProgress: Sendable, Equatable {
    var cursor: Int64
    var settled: [Int64] = []
}

/// The part of a bot's log that one push consumer is working on: a pure state machine, without clock or sockets.
///
/// An update in the window is in one of four states:
///
///     queued ──next()──▶ sending ──succeeded()──▶ settled
///       ▲                   │
///       └────released()─────┤
///                           └──failed()──▶ leaving ──left()──▶ settled
///
/// - A lane has at most one update sending, and it is the first of the lane that is not settled. Lanes take turns.
/// - `failed` takes the update and all of its lane behind it out of the fast path (they are `leaving` until their
///   delivery rows are committed) and holds the lane: what is read for it later leaves too, until `releaseLane`.
/// - `released` puts an update back at the head of its lane, as if it had not been tried: the breaker's way.
/// - `hold` holds a lane for rows that came into being outside (a retry): what is queued of it leaves, what is
///   sending is waited for by the caller. `expire` lets what is queued too long leave by itself.
/// - The cursor is the last position up to which all is settled. It only grows, and never passes an update that
///   is queued, sending or leaving.
struct DeliveryWindow {
    /// How many updates that are not settled, and how many bytes of them, the window may hold.
    private static let unsettledLimit = 1000
    private static let byteLimit = 4 << 20
    /// How far it may reach past an update that stays unsettled, since all behind it is written with the cursor.
    private static let positionLimit = 10_000

    private enum State: Equatable { case queued, sending, leaving, settled }

    private struct Entry {
        /// nil once settled: a position may wait long for the cursor, its payload need not.
        var update: LoggedUpdate?
        var state: State
    }

    private struct Lane {
        var queue: [Int64] = []
        var isSending = false
    }

    /// Everything up to here is settled.
    private(set) var cursor: Int64
    /// The last position taken in; the log is read on from here.
    private(set) var lastRead: Int64
    /// Bytes of payload held.
    private(set) var size = 0
    /// How many are queued, sending or leaving.
    private(set) var unsettledCount = 0
    private(set) var sendingCount = 0

    private var entries: [Int64: Entry] = [:]
    private var order: [Int64] = []
    private var firstUnsettled = 0
    private var lanes: [String: Lane] = [:]
    private var turns = TurnQueue<String>()
    /// None for a consumer that wants no order: nothing more comes in such a lane.
    private(set) var heldLanes: Set<String>
    private var settledBefore: Set<Int64>
    private let keepsLanes: Bool

    /// - Parameters:
    ///   - settled: positions above `cursor` that are settled already, as `progress` gave them.
    ///   - heldLanes: lanes that have delivery rows still to be worked off.
    ///   - keepsLanes: false when the consumer wants no order; then each update is a lane of its own.
    init(
        cursor: Int64, settled: some Sequence<Int64> = [], heldLanes: Set<String> = [],
        keepsLanes: Bool = true
    ) {
        self.cursor = cursor
        lastRead = cursor
        settledBefore = Set(settled)
        self.heldLanes = keepsLanes ? heldLanes : []
        self.keepsLanes = keepsLanes
    }

    var isEmpty: Bool { unsettledCount == 0 }
    var hasReady: Bool { !turns.isEmpty }

    /// What to store: the cursor, and the settled positions above it in ascending order.
    var progress: WindowProgress { progress(settling: []) }

    /// As `progress`, with `positions` of the window counted as settled: what to store together with their
    /// delivery rows.
    func progress(settling positions: Set<Int64>) -> WindowProgress {
        let inWindow = order[firstUnsettled...].filter {
            entries[$0]?.state == .settled || positions.contains($0)
        }
        return WindowProgress(
            cursor: cursor, settled: inWindow + settledBefore.filter { $0 > lastRead }.sorted())
    }

    /// The lane an update counts to here, in its delivery row too.
    func laneName(of update: LoggedUpdate) -> String {
        keepsLanes ? update.lane : "#\(update.position)"
    }

    // MARK: Taking in

    func hasRoom(for count: Int) -> Bool {
        unsettledCount + count <= Self.unsettledLimit
            && order.count - firstUnsettled + count <= Self.positionLimit && size < Self.byteLimit
    }

    /// Forgets what is queued: it is read again, from the cursor on. Nothing may be sending or leaving, nor read.
    mutating func dropReadAhead() {
        let progress = progress
        self = DeliveryWindow(
            cursor: progress.cursor, settled: progress.settled, heldLanes: heldLanes, keepsLanes: keepsLanes)
    }

    /// Takes in what was read after `lastRead`, in ascending order.
    /// - Parameters:
    ///   - end: up to where the log has been read, when that is beyond the last of `updates`.
    ///   - isWanted: whether the consumer asked for this kind; what it did not is settled at once.
    /// - Returns: updates of held lanes, which have to leave: store them as delivery rows, then call `left`.
    mutating func take(
        _ updates: [LoggedUpdate], upTo end: Int64 = 0, isWanted: (LoggedUpdate) -> Bool = { _ in true }
    ) -> [LoggedUpdate] {
        var leaving: [LoggedUpdate] = []
        for update in updates where update.position > lastRead {
            lastRead = update.position
            let name = laneName(of: update)
            var state = State.queued
            if settledBefore.remove(update.position) != nil || !isWanted(update) {
                state = .settled
            } else if heldLanes.contains(name) {
                state = .leaving
                leaving.append(update)
            } else {
                enqueue(update.position, in: name)
            }
            order.append(update.position)
            entries[update.position] = Entry(update: state == .settled ? nil : update, state: state)
            guard state != .settled else { continue }
            size += update.payload.bytes.count
            unsettledCount += 1
        }
        lastRead = max(lastRead, end)
        advance()
        return leaving
    }

    private mutating func enqueue(_ position: Int64, in name: String) {
        var lane = lanes.removeValue(forKey: name) ?? Lane()
        lane.queue.append(position)
        if lane.queue.count == 1 && !lane.isSending { turns.append(name) }
        lanes[name] = lane
    }

    // MARK: Sending

    /// The head of the lane whose turn it is, now sending; nil when no lane has one to send.
    mutating func next() -> LoggedUpdate? {
        guard let name = turns.popFirst() else { return nil }
        guard var lane = lanes.removeValue(forKey: name), let position = lane.queue.first else { return nil }
        lane.queue.removeFirst()
        lane.isSending = true
        lanes[name] = lane
        entries[position]?.state = .sending
        sendingCount += 1
        return entries[position]?.update
    }

    mutating func succeeded(_ position: Int64) {
        guard let name = endSending(position, .settled) else { return }
        giveTurn(to: name)
        advance()
    }

    /// Back to the head of its lane, whose turn comes last.
    /// - Returns: the update, when its lane has been held meanwhile: then it has to leave, as with `take`.
    mutating func released(_ position: Int64) -> [LoggedUpdate] {
        guard let name = endSending(position, .queued) else { return [] }
        if heldLanes.contains(name) {
            giveTurn(to: name)
            return letGo([position])
        }
        lanes[name, default: Lane()].queue.insert(position, at: 0)
        giveTurn(to: name)
        return []
    }

    /// - Parameter holdsLane: false when there is nothing to wait for (the update is dead or expired): then it
    ///   leaves alone and its lane goes on.
    /// - Returns: the update and its followers in order; store them as delivery rows, then call `left`.
    mutating func failed(_ position: Int64, holdsLane: Bool) -> [LoggedUpdate] {
        guard let failed = entries[position]?.update, let name = endSending(position, .leaving) else {
            return []
        }
        guard holdsLane else {
            giveTurn(to: name)
            return [failed]
        }
        if keepsLanes { heldLanes.insert(name) }
        let followers = lanes.removeValue(forKey: name)?.queue ?? []
        return [failed] + letGo(followers)
    }

    /// The delivery rows of these updates are committed.
    mutating func left(_ positions: [Int64]) {
        for position in positions where entries[position]?.state == .leaving { settle(position) }
        advance()
    }

    /// The lane's delivery rows are worked off: its updates go the fast way again.
    mutating func releaseLane(_ name: String) { heldLanes.remove(name) }

    // MARK: From outside

    /// The lane has rows to be worked off before anything more of it is sent. One that is sending goes on.
    /// - Returns: what was queued of it, which has to leave: as with `take`.
    mutating func hold(_ name: String) -> [LoggedUpdate] {
        guard keepsLanes else { return [] }
        heldLanes.insert(name)
        guard let lane = lanes[name], !lane.queue.isEmpty else { return [] }
        lanes[name]?.queue = []
        if !lane.isSending {
            lanes.removeValue(forKey: name)
            turns.removeAll { $0 == name }
        }
        return letGo(lane.queue)
    }

    func isSending(_ name: String) -> Bool { lanes[name]?.isSending ?? false }

    /// - Returns: what is queued and of no use any more, in order; it has to leave: as with `take`.
    mutating func expire(at now: Timestamp) -> [LoggedUpdate] {
        var expired: [Int64] = []
        for position in order[firstUnsettled...] {
            guard let entry = entries[position], entry.state == .queued, let update = entry.update,
                let deadline = update.deadline, deadline < now
            else { continue }
            expired.append(position)
            let name = laneName(of: update)
            lanes[name]?.queue.removeAll { $0 == position }
            if let lane = lanes[name], lane.queue.isEmpty, !lane.isSending { lanes.removeValue(forKey: name) }
        }
        if !expired.isEmpty { turns.removeAll { lanes[$0] == nil } }
        return letGo(expired)
    }

    // MARK: Steps

    private mutating func letGo(_ positions: [Int64]) -> [LoggedUpdate] {
        positions.compactMap { position in
            entries[position]?.state = .leaving
            return entries[position]?.update
        }
    }

    /// - Returns: the lane's name; nil when the update was not being sent.
    private mutating func endSending(_ position: Int64, _ state: State) -> String? {
        guard let entry = entries[position], entry.state == .sending, let update = entry.update else {
            return nil
        }
        sendingCount -= 1
        let name = laneName(of: update)
        lanes[name]?.isSending = false
        if state == .settled { settle(position) } else { entries[position]?.state = state }
        return name
    }

    private mutating func giveTurn(to name: String) {
        guard let lane = lanes[name] else { return }
        if lane.queue.isEmpty { lanes.removeValue(forKey: name) } else { turns.append(name) }
    }

    private mutating func settle(_ position: Int64) {
        guard let update = entries[position]?.update else { return }
        size -= update.payload.bytes.count
        unsettledCount -= 1
        entries[position] = Entry(update: nil, state: .settled)
    }

    private mutating func advance() {
        while firstUnsettled < order.count, entries[order[firstUnsettled]]?.state == .settled {
            cursor = order[firstUnsettled]
            entries.removeValue(forKey: cursor)
            firstUnsettled += 1
        }
        if firstUnsettled == order.count { cursor = lastRead }
        if firstUnsettled > 512 || firstUnsettled == order.count {
            order.removeFirst(firstUnsettled)
            firstUnsettled = 0
        }
    }
}
