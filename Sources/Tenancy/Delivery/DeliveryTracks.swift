import Platform

/// A consumer's two windows over one log, and what is to be read for them: a pure state machine.
///
/// - `express` has the updates with a deadline, `main` the others. Each update is the business of one of the two, and
///   a lane never has updates of both, so order within a lane is kept. Express goes first.
/// - One read of the log feeds both while `main` has come to the log's end. Only while it is behind, or express is
///   behind it, are the express updates read on their own. What a read of `main` brings counts for express only
///   where express has come at least as far: else there would be a gap.
/// - For an endpoint that is down hardly anything is read ahead: one update for `main`; for express a few, since they
///   end (expired) without the endpoint.
struct DeliveryTracks {
    /// What is read for express while little is to be held.
    private static let expressWhileHeldBack = 32

    struct Reading: Equatable {
        let isExpress: Bool
        let after: Int64
        let limit: Int
        /// For express alone: the log has been read up to here by `main`, so nothing before can still appear.
        let floor: Int64
    }

    private(set) var main: DeliveryWindow
    private(set) var express: DeliveryWindow
    private var mayHaveMore = true
    private var mayHaveMoreExpress = true
    /// The last read of `main` did not come to the log's end.
    private var isBehind = false

    /// - Parameters:
    ///   - held, expressHeld: lanes that have delivery rows still to be worked off.
    init(
        cursor: Int64, settled: [Int64] = [], expressCursor: Int64, expressSettled: [Int64] = [],
        held: Set<String> = [], expressHeld: Set<String> = [], keepsLanes: Bool = true
    ) {
        main = DeliveryWindow(cursor: cursor, settled: settled, heldLanes: held, keepsLanes: keepsLanes)
        express = DeliveryWindow(
            cursor: expressCursor, settled: expressSettled, heldLanes: expressHeld, keepsLanes: keepsLanes)
    }

    var isEmpty: Bool { main.isEmpty && express.isEmpty }
    /// Nothing held, and nothing known that could be read.
    var isDone: Bool { isEmpty && !mayHaveMore && !mayHaveMoreExpress }
    /// Express updates may be there to be read on their own.
    var awaitsExpress: Bool { mayHaveMoreExpress }
    var cursors: SIMD2<Int64> { [main.cursor, express.cursor] }
    var hasReady: Bool { express.hasReady || main.hasReady }
    var unsettledCount: Int { main.unsettledCount + express.unsettledCount }
    /// Bytes of payload held.
    var size: Int { main.size + express.size }

    /// What to store; `positions` count as settled.
    func progress(settling positions: Set<Int64>) -> (main: WindowProgress, express: WindowProgress) {
        (main.progress(settling: positions), express.progress(settling: positions))
    }

    // MARK: Reading

    /// There may be news in the log.
    mutating func wake() {
        mayHaveMore = true
        mayHaveMoreExpress = true
    }

    /// The next read to make, of which there is one at a time: give its page to `take`, or call `failed`.
    /// - Parameters:
    ///   - isAhead: false to hold as little as possible.
    ///   - limit: of a page.
    ///   - readsExpress: false keeps it from reading express updates on their own now.
    mutating func startReading(isAhead: Bool, limit: Int, readsExpress: Bool = true) -> Reading? {
        let mainLimit = isAhead ? (main.hasRoom(for: limit) ? limit : 0) : (main.isEmpty ? 1 : 0)
        let few = min(limit, Self.expressWhileHeldBack)
        let expressLimit =
            isAhead ? (express.hasRoom(for: limit) ? limit : 0) : (express.isEmpty ? few : 0)
        let readsMain = mayHaveMore && mainLimit > 0
        let isOwnRead = isBehind || express.lastRead < main.lastRead || !readsMain
        // A replay has none: its express cursor stands at the end of all logs.
        if express.cursor == .max { mayHaveMoreExpress = false }
        if readsExpress, mayHaveMoreExpress, expressLimit > 0, isOwnRead {
            mayHaveMoreExpress = false
            return Reading(
                isExpress: true, after: express.lastRead, limit: expressLimit, floor: main.lastRead)
        }
        guard readsMain else { return nil }
        mayHaveMore = false
        if !isBehind { mayHaveMoreExpress = false }
        return Reading(isExpress: false, after: main.lastRead, limit: mainLimit, floor: 0)
    }

    mutating func failed(_ reading: Reading) { wake() }

    /// - Returns: updates of held lanes, which have to leave: store them as delivery rows, then call `left`.
    mutating func take(
        _ updates: [LoggedUpdate], mayHaveMore hasMore: Bool, of reading: Reading,
        isWanted: (LoggedUpdate) -> Bool = { _ in true }
    ) -> [LoggedUpdate] {
        if reading.isExpress {
            if hasMore { mayHaveMoreExpress = true }
            return express.take(updates, upTo: hasMore ? 0 : reading.floor, isWanted: isWanted)
        }
        if hasMore { mayHaveMore = true }
        isBehind = hasMore
        let leaving = main.take(updates) { $0.deadline == nil && isWanted($0) }
        return leaving + feedExpress(updates, of: reading, isWanted: isWanted)
    }

    private mutating func feedExpress(
        _ updates: [LoggedUpdate], of reading: Reading, isWanted: (LoggedUpdate) -> Bool
    ) -> [LoggedUpdate] {
        let own = updates.filter { $0.deadline != nil }
        guard express.lastRead >= reading.after, express.hasRoom(for: own.count) else {
            mayHaveMoreExpress = true
            return []
        }
        if isBehind { mayHaveMoreExpress = true }
        return express.take(own, upTo: updates.last?.position ?? 0, isWanted: isWanted)
    }

    /// Forgets what is queued beyond the few that are held for an endpoint that is down: it is read again. Nothing may
    /// be sending or leaving, nor read.
    mutating func dropReadAhead() {
        if main.unsettledCount > 1 {
            main.dropReadAhead()
            mayHaveMore = true
        }
        if express.unsettledCount > Self.expressWhileHeldBack {
            express.dropReadAhead()
            mayHaveMoreExpress = true
        }
    }

    // MARK: Updates on their way

    mutating func next() -> LoggedUpdate? { express.next() ?? main.next() }

    mutating func succeeded(_ update: LoggedUpdate) {
        if update.isExpress { express.succeeded(update.position) } else { main.succeeded(update.position) }
    }

    /// See `DeliveryWindow.released`.
    mutating func released(_ update: LoggedUpdate) -> [LoggedUpdate] {
        update.isExpress ? express.released(update.position) : main.released(update.position)
    }

    /// See `DeliveryWindow.failed`.
    mutating func failed(_ update: LoggedUpdate, holdsLane: Bool) -> [LoggedUpdate] {
        update.isExpress
            ? express.failed(update.position, holdsLane: holdsLane)
            : main.failed(update.position, holdsLane: holdsLane)
    }

    /// See `DeliveryWindow.expire`.
    mutating func expire(at now: Timestamp) -> [LoggedUpdate] { express.expire(at: now) }

    /// The delivery rows of these updates are committed.
    mutating func left(_ updates: some Sequence<LoggedUpdate>) {
        var (keeping, passing): ([Int64], [Int64]) = ([], [])
        for update in updates {
            if update.isExpress { passing.append(update.position) } else { keeping.append(update.position) }
        }
        if !keeping.isEmpty { main.left(keeping) }
        if !passing.isEmpty { express.left(passing) }
    }

    // MARK: Lanes

    /// The lane an update counts to here, in its delivery row too.
    func laneName(of update: LoggedUpdate) -> String { main.laneName(of: update) }

    func isHeld(_ lane: String, isExpress: Bool) -> Bool {
        (isExpress ? express : main).heldLanes.contains(lane)
    }

    func isSending(_ lane: String, isExpress: Bool) -> Bool { (isExpress ? express : main).isSending(lane) }

    /// See `DeliveryWindow.hold`.
    mutating func hold(_ lane: String, isExpress: Bool) -> [LoggedUpdate] {
        isExpress ? express.hold(lane) : main.hold(lane)
    }

    /// The lane's delivery rows are worked off: its updates go the fast way again.
    mutating func releaseLane(_ lane: String, isExpress: Bool) {
        if isExpress { express.releaseLane(lane) } else { main.releaseLane(lane) }
    }
}

extension LoggedUpdate {
    /// Has a short life, and goes before what keeps.
    var isExpress: Bool { deadline != nil }

    /// Of no use to its receiver any more.
    var isTooLate: Bool { deadline.map { $0 < .now } ?? false }

    /// When it is looked at again, to be sent or to expire: right after its deadline at the latest, for until then
    /// it holds its lane.
    func due(after wait: Duration) -> Timestamp {
        let due = Timestamp.now + wait
        return deadline.map { min(due, $0 + PushConsumer.early * 2) } ?? due
    }
}
