import Platform
import TestSupport

@testable import Tenancy

/// What is outside the node: people who change rows, crashes, other nodes, the receiver.
extension DeliveryModel {
    /// Somebody retries or skips a dead row.
    mutating func outside() {
        let dead = rows.values.filter { $0.status == .dead }.map(\.update.position).sorted()
        guard let position = dead.randomElement(using: &random) else { return }
        if rows[position]?.isParking == true, random.chance(50) { return skip(position) }
        if let deadline = rows[position]?.update.deadline, deadline < timestamp { return }
        rows[position]?.status = .retrying
        rows[position]?.isParking = false
        rows[position]?.attempts = 0
        rows[position]?.dueAt = clock
        hasOutsideChange = true
    }

    mutating func skip(_ position: Int64) {
        rows[position]?.isParking = false
        hasOutsideChange = true
    }

    /// First the held lanes are read, some steps later what was read is taken over.
    mutating func adopt() {
        guard let look = node.look else {
            guard hasOutsideChange else { return }
            hasOutsideChange = false
            return node.look = heldLanes
        }
        node.look = nil
        for (lane, isExpress, isParked, dueAt) in look {
            if !node.retries.contains(lane) {
                node.retries.add(lane, isExpress: isExpress)
                let left = node.tracks.hold(lane, isExpress: isExpress)
                if !left.isEmpty {
                    for update in left { node.departures.begin(update.lane, update.position) }
                    node.leaving.append(left.map { Row(update: $0, lane: $0.lane) })
                }
            }
            if node.tracks.isSending(lane, isExpress: isExpress) { continue }
            reschedule(lane, isExpress, at: isParked ? clock : dueAt)
        }
        for lane in node.retries.waiting(outside: Set(look.map(\.lane))).sorted() {
            schedule(lane, at: clock)
        }
    }

    private var heldLanes: Look {
        let heads = Dictionary(grouping: rows.values.filter(\.isHeld), by: \.lane).values.compactMap {
            $0.min { $0.update.position < $1.update.position }
        }
        return heads.sorted { $0.lane < $1.lane }.map {
            ($0.lane, $0.update.isExpress, $0.isParking, $0.dueAt)
        }
    }

    // MARK: What is written of the cursors

    mutating func flush(_ node: Node) { store(node, settling: []) }

    /// Under an epoch that has been overtaken nothing is written.
    mutating func store(_ node: Node, settling positions: Set<Int64>) {
        guard node.epoch == stored.epoch else { return }
        let (main, express) = node.tracks.progress(settling: positions)
        check(main.cursor >= stored.main.cursor, "the stored cursor went back")
        check(express.cursor >= stored.express.cursor, "the stored express cursor went back")
        check(main.settled == main.settled.sorted(), "settled positions out of order")
        check(main.settled.allSatisfy { $0 > main.cursor }, "settled positions below the cursor")
        stored = (stored.epoch, main, express)
    }

    // MARK: Ends

    /// The node crashes, or freezes for so long that another takes over; a successor begins with what is stored.
    mutating func fall() {
        guard random.chance(25) else { return }
        if random.chance(50) { old = [node] }
        mayComeAgain.formUnion(
            log.lazy.filter { [delivered, stored] update in
                let progress = update.isExpress ? stored.express : stored.main
                return delivered.contains(update.position) && update.position > progress.cursor
                    && !progress.settled.contains(update.position)
            }.map(\.position))
        stored.epoch += 1
        let held = heldLanes
        node = Node(
            epoch: stored.epoch,
            tracks: DeliveryTracks(
                cursor: stored.main.cursor, settled: stored.main.settled,
                expressCursor: stored.express.cursor, expressSettled: stored.express.settled,
                held: Set(held.filter { !$0.isExpress }.map(\.lane)),
                expressHeld: Set(held.filter(\.isExpress).map(\.lane))))
        for lane in held {
            node.retries.add(lane.lane, isExpress: lane.isExpress)
            if !lane.isParked { schedule(lane.lane, at: lane.dueAt) }
        }
        hasOutsideChange = false
    }

    /// One that was frozen goes on with what it was at: it ends, and is written down by nobody.
    mutating func wakeOld() {
        guard !old.isEmpty else { return }
        let before = stored
        for (update, _) in old[0].sending { old[0].tracks.succeeded(update) }
        old[0].sending = []
        flush(old[0])
        check(
            before.main == stored.main && before.express == stored.express, "a lost lease moved a cursor")
        old = []
    }

    // MARK: The receiver

    /// It gets it, whatever becomes of its answer.
    mutating func arrive(_ update: LoggedUpdate) {
        let position = update.position
        check((update.deadline ?? timestamp) >= timestamp, "\(position) was sent after its deadline")
        let lane = node.sending.map(\.update.lane) + node.retrying.map(\.lane)
        check(!lane.contains(update.lane), "two on their way in \(update.lane)")
        if delivered.contains(position) {
            check(mayComeAgain.contains(position), "\(position) was delivered twice")
            mayComeAgain.remove(position)
            delivered.remove(position)
        }
        let unfinished = log.filter {
            $0.lane == update.lane && $0.position < position && isWanted($0)
                && !delivered.contains($0.position) && !givenUp.contains($0.position)
        }
        check(unfinished.isEmpty, "\(position) came before \(unfinished.map(\.position))")
    }
}
