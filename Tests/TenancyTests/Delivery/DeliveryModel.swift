import Platform
import TestSupport

@testable import Tenancy

/// One random life of a consumer, on nodes that crash, freeze and take over, beside a model of what is outside them:
/// the log, the delivery rows, the stored cursors with their epoch, and the receiver.
///
/// It puts the state machines together as `PushConsumer` does, without its loop, sockets and database: a step here is
/// what happens there between two awaits.
struct DeliveryModel {
    struct Row {
        let update: LoggedUpdate
        let lane: String
        var status = DeliveryRow.Status.retrying
        var isParking = false
        var attempts = 0
        var dueAt = 0

        var isHeld: Bool { status == .retrying || isParking }
    }

    /// A look at the held lanes, made some steps ago.
    typealias Look = [(lane: String, isExpress: Bool, isParked: Bool, dueAt: Int)]

    /// What a node has in memory.
    struct Node {
        let epoch: Int
        var tracks: DeliveryTracks
        var retries = RetryLanes()
        var putBacks: [Int64: Int] = [:]
        /// Timers, by lane.
        var timers: [String: Int] = [:]
        var breaker = Breaker()
        var throttle = Throttle()
        var departures = LaneDepartures()
        var sending: [(update: LoggedUpdate, isProbe: Bool)] = []
        var retrying: [(lane: String, row: Row, isProbe: Bool)] = []
        var leaving: [[Row]] = []
        var reading: (DeliveryTracks.Reading, [LoggedUpdate], hasMore: Bool)?
        var look: Look?
    }

    static let concurrency = 4
    static let schedule = RetrySchedule(waits: [.zero, .milliseconds(50), .milliseconds(200)])
    static let start = ContinuousClock.now

    var faults: [String] = []
    var random: SeededRandom
    let onDead: Consumer.OnDead
    /// Milliseconds.
    var clock = 0
    var log: [LoggedUpdate] = []
    var rows: [Int64: Row] = [:]
    var stored = (
        epoch: 1, main: WindowProgress(cursor: 0), express: WindowProgress(cursor: 0)
    )
    var node: Node
    /// Nodes that were frozen and have woken: whatever they write must not count.
    var old: [Node] = []
    var delivered: Set<Int64> = []
    /// Dead or expired at some time: those behind need not wait for them.
    var givenUp: Set<Int64> = []
    /// Delivered, but a crash came before it was written down.
    var mayComeAgain: Set<Int64> = []
    var isHealthy = false
    /// Rows were changed from outside, and the node does not know it yet.
    var hasOutsideChange = false

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        onDead = random.chance(50) ? .park : .skip
        node = Node(epoch: 1, tracks: DeliveryTracks(cursor: 0, expressCursor: 0))
    }

    var instant: ContinuousClock.Instant { Self.start + .milliseconds(clock) }
    var timestamp: Timestamp { Timestamp(microsecondsSince1970: Int64(clock) * 1000) }

    mutating func play(steps: Int) {
        for _ in 0..<steps where faults.isEmpty { step() }
    }

    /// Nothing fails any more, and whoever is asked lets parked lanes go: everything must come to its end.
    mutating func finish() {
        isHealthy = true
        for _ in 0..<2000 where faults.isEmpty {
            clock += 500
            for position in rows.keys.sorted() where rows[position]?.isParking == true { skip(position) }
            for _ in 0..<60 { step() }
            if node.tracks.isDone, node.reading == nil, node.retries.isEmpty, node.leaving.isEmpty,
                node.sending.isEmpty, node.look == nil, !hasOutsideChange
            {
                break
            }
        }
        flush(node)
        let missing = log.filter {
            isWanted($0) && !delivered.contains($0.position) && rows[$0.position] == nil
        }
        check(missing.isEmpty, "neither delivered nor given up: \(missing.map(\.position))")
        check(!rows.values.contains(where: \.isHeld), "rows are left")
        check(node.tracks.size == 0 && node.tracks.isEmpty, "something is left in the windows")
        let last = log.last?.position ?? 0
        check(stored.main.cursor == last && stored.express.cursor == last, "the cursors stopped: \(stored)")
        check(node.retries.isEmpty, "lanes are left")
    }

    private mutating func step() {
        let before = node.tracks.cursors
        let epoch = node.epoch
        clock += Int.random(in: 0...12, using: &random)
        act(Int.random(in: 0..<100, using: &random))
        if node.epoch == epoch {
            check(
                node.tracks.cursors.x >= before.x && node.tracks.cursors.y >= before.y, "a cursor went back")
        }
        checkCursors()
    }

    private mutating func act(_ dice: Int) {
        switch dice {
        case 0..<8: if !isHealthy { write() }
        case 8..<22: read()
        case 22..<40: sendUpdate()
        case 40..<58: endUpdate()
        case 58..<66: commit()
        case 66..<76: sendRetry()
        case 76..<84: endRetry()
        case 84..<86: expire()
        case 86..<88: node.tracks.dropReadAheadWhenIdle(node)
        case 88..<90: flush(node)
        case 90..<95: if isHealthy { adopt() } else { outside() }
        case 95..<97: adopt()
        case 97: wakeOld()
        default: if !isHealthy { fall() }
        }
    }

    // MARK: What must hold

    func isWanted(_ update: LoggedUpdate) -> Bool { update.position % 7 != 0 }

    /// One that its endpoint refuses for ever, however healthy.
    func isPoison(_ update: LoggedUpdate) -> Bool { update.position % 11 == 0 }

    /// No cursor has passed anything of its own that is not delivered, in a row or unwanted.
    private mutating func checkCursors() {
        let cursors = node.tracks.cursors
        for update in log.suffix(60) where isWanted(update) {
            let position = update.position
            guard position <= (update.isExpress ? cursors.y : cursors.x),
                !delivered.contains(position), rows[position] == nil
            else { continue }
            faults.append(
                "the cursor \(update.isExpress ? cursors.y : cursors.x) has passed \(position)")
        }
    }

    mutating func check(_ isTrue: Bool, _ fault: String) {
        if !isTrue { faults.append(fault) }
    }
}

extension DeliveryTracks {
    /// As `PushConsumer` does it.
    fileprivate mutating func dropReadAheadWhenIdle(_ node: DeliveryModel.Node) {
        guard !node.breaker.isClosed, node.sending.isEmpty, node.retrying.isEmpty, node.leaving.isEmpty,
            node.reading == nil
        else { return }
        dropReadAhead()
    }
}
