import TestSupport

@testable import Tenancy

/// One random life of a delivery window, beside a model of what is outside it: the log, the delivery rows, the
/// stored progress, and the receiver that notes what reaches it.
struct DeliveryWindowRun {
    private(set) var faults: [String] = []
    private var random: SeededRandom
    private var window: DeliveryWindow
    private var log: [LoggedUpdate] = []
    private var sending: [Int64] = []
    /// Rows that are being committed, one commit after the other.
    private var leaving: [[LoggedUpdate]] = []
    /// Committed rows by lane, in order.
    private var rows: [String: [Int64]] = [:]
    private var stored: (cursor: Int64, settled: Set<Int64>) = (0, [])
    private var delivered: Set<Int64> = []
    /// Dead: given up, not to be delivered.
    private var dead: Set<Int64> = []
    private var dying: Set<Int64> = []
    /// Given up once, though a crash may have forgotten it: its followers need not wait for it.
    private var givenUp: Set<Int64> = []
    /// Delivered, but a crash came before it was written down.
    private var mayComeAgain: Set<Int64> = []
    private var hasCrashed = false
    private var checkedUpTo: Int64 = 0

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        window = DeliveryWindow(cursor: 0)
    }

    mutating func play(steps: Int) {
        for _ in 0..<steps where faults.isEmpty {
            let before = window.cursor
            hasCrashed = false
            step()
            check(window.cursor >= before || hasCrashed, "the cursor went back")
            checkCursor()
        }
    }

    /// Nothing fails any more: everything must come to its end.
    mutating func finish() {
        for _ in 0..<20_000 where faults.isEmpty {
            read()
            while window.hasReady { send() }
            while let position = sending.first { succeed(position) }
            while !leaving.isEmpty { commit() }
            for lane in rows.keys.sorted() { workOff(lane) }
            if window.isEmpty, window.lastRead == log.last?.position ?? 0, rows.isEmpty { break }
        }
        let missing = log.filter {
            isWanted($0) && !delivered.contains($0.position) && !dead.contains($0.position)
        }
        check(missing.isEmpty, "never delivered: \(missing.map(\.position))")
        check(window.cursor == log.last?.position ?? 0, "the cursor stopped at \(window.cursor)")
        check(window.size == 0 && window.sendingCount == 0, "something is left in the window")
    }

    private mutating func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<15: write()
        case 15..<30: read()
        case 30..<55: send()
        case 55..<75: if let position = sending.randomElement(using: &random) { succeed(position) }
        case 75..<82: if let position = sending.randomElement(using: &random) { fail(position) }
        case 82..<85: if let position = sending.randomElement(using: &random) { release(position) }
        case 85..<90: commit()
        case 90..<95: if let lane = rows.keys.sorted().randomElement(using: &random) { workOff(lane) }
        case 95..<97: flush()
        case 97: if sending.isEmpty, leaving.isEmpty { window.dropReadAhead() }
        default: crash()
        }
    }

    // MARK: What can happen

    private mutating func write() {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let position = (log.last?.position ?? 0) + Int64.random(in: 1...3, using: &random)
            log.append(LoggedUpdate(position: position, lane: "lane\(Int.random(in: 0..<4, using: &random))"))
        }
    }

    private mutating func read() {
        let count = Int.random(in: 1...6, using: &random)
        let updates = log.filter { $0.position > window.lastRead }.prefix(count)
        let left = window.take(Array(updates), isWanted: isWanted)
        if !left.isEmpty { leaving.append(left) }
    }

    private mutating func send() {
        guard window.hasReady, let update = window.next() else { return }
        let lane = log.filter { $0.lane == update.lane }
        check(!lane.contains { sending.contains($0.position) }, "two on their way in \(update.lane)")
        check(rows[update.lane] == nil, "\(update.position) overtakes the rows of its lane")
        arrive(update)
        sending.append(update.position)
    }

    /// The receiver gets it, whatever becomes of its answer.
    private mutating func arrive(_ update: LoggedUpdate) {
        check(!dead.contains(update.position), "\(update.position) is dead and was sent")
        if delivered.contains(update.position) {
            check(mayComeAgain.contains(update.position), "\(update.position) was delivered twice")
            forget(update.position)
        }
        let unfinished = log.filter {
            $0.lane == update.lane && $0.position < update.position && isWanted($0)
                && !delivered.contains($0.position) && !givenUp.contains($0.position)
        }
        check(unfinished.isEmpty, "\(update.position) came before \(unfinished.map(\.position))")
    }

    /// It comes again, and all begins anew for it, retries included.
    private mutating func forget(_ position: Int64) {
        mayComeAgain.remove(position)
        delivered.remove(position)
    }

    private mutating func succeed(_ position: Int64) {
        sending.removeAll { $0 == position }
        delivered.insert(position)
        window.succeeded(position)
    }

    private mutating func fail(_ position: Int64) {
        sending.removeAll { $0 == position }
        let holdsLane = random.chance(70)
        let left = window.failed(position, holdsLane: holdsLane)
        check(left.first?.position == position, "\(position) did not leave")
        check(left.map(\.position) == left.map(\.position).sorted(), "followers out of order")
        check(Set(left.map(\.lane)).count == 1, "followers of another lane")
        check(holdsLane || left.count == 1, "followers of a lane that is not held")
        if !holdsLane {
            dying.insert(position)
            givenUp.insert(position)
        }
        leaving.append(left)
    }

    private mutating func release(_ position: Int64) {
        sending.removeAll { $0 == position }
        let left = window.released(position)
        if !left.isEmpty { leaving.append(left) }
    }

    /// The oldest commit of delivery rows is through: rows and progress at once.
    private mutating func commit() {
        guard !leaving.isEmpty else { return }
        let updates = leaving.removeFirst()
        let positions = updates.map(\.position)
        store(window.progress(settling: Set(positions)))
        for update in updates {
            if dying.remove(update.position) != nil {
                // A dead row does not undo a delivery whose record a crash took.
                if !delivered.contains(update.position) { dead.insert(update.position) }
            } else if !(rows[update.lane] ?? []).contains(update.position) {
                check(
                    !delivered.contains(update.position) || mayComeAgain.contains(update.position),
                    "\(update.position) was delivered and became a row")
                forget(update.position)
                rows[update.lane, default: []].append(update.position)
            }
        }
        window.left(positions)
    }

    /// A retry of the first row of a lane succeeds; an empty lane is released when nothing is on its way to it.
    private mutating func workOff(_ lane: String) {
        guard var positions = rows[lane] else { return }
        check(positions == positions.sorted(), "rows of \(lane) out of order: \(positions)")
        if let position = positions.first {
            positions.removeFirst()
            if let update = log.first(where: { $0.position == position }) { arrive(update) }
            delivered.insert(position)
            rows[lane] = positions
        }
        if rows[lane] == [], !leaving.contains(where: { $0.contains { $0.lane == lane } }) {
            rows[lane] = nil
            window.releaseLane(lane)
        }
    }

    private mutating func flush() { store(window.progress) }

    private mutating func store(_ progress: WindowProgress) {
        check(progress.cursor >= stored.cursor, "the stored cursor went back")
        check(progress.settled == progress.settled.sorted(), "settled positions out of order")
        stored = (progress.cursor, Set(progress.settled))
    }

    /// All that is only in memory is gone.
    private mutating func crash() {
        hasCrashed = true
        mayComeAgain = delivered.filter { $0 > stored.cursor && !stored.settled.contains($0) }
        sending = []
        leaving = []
        dying = []
        rows = rows.filter { !$0.value.isEmpty }
        window = DeliveryWindow(
            cursor: stored.cursor, settled: stored.settled.sorted(), heldLanes: Set(rows.keys))
    }

    // MARK: What must hold

    private func isWanted(_ update: LoggedUpdate) -> Bool { update.position % 7 != 0 }

    /// The cursor has not passed anything that is not delivered, dead, in a row or unwanted.
    private mutating func checkCursor() {
        let inRows = Set(rows.values.joined())
        let inReach = log.reversed().prefix { $0.position > checkedUpTo }
        for update in inReach where update.position <= window.cursor && isWanted(update) {
            let position = update.position
            check(
                delivered.contains(position) || dead.contains(position) || inRows.contains(position),
                "the cursor \(window.cursor) has passed \(position)")
        }
        checkedUpTo = max(checkedUpTo, window.cursor)
    }

    private mutating func check(_ isTrue: Bool, _ fault: String) {
        if !isTrue { faults.append(fault) }
    }
}
