import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("What a puller gets")
struct PullSelectionTests {
    /// A log, a pull consumer as stored, and time, all in memory.
    private struct Model {
        var random: SeededRandom
        let ordering: Consumer.Ordering
        var log: [PullScan.Entry] = []
        var main = PullCursor(position: 0)
        var express = PullCursor(position: 0)
        var handouts: [Int64: PullHandout] = [:]
        var now = Timestamp(microsecondsSince1970: 0)
        var given: [Int64] = []
        var acknowledged: Set<Int64> = []
        var expired: Set<Int64> = []
        var faults: [String] = []

        init(seed: UInt64, ordering: Consumer.Ordering) {
            random = SeededRandom(seed: seed)
            self.ordering = ordering
        }

        func isWanted(_ entry: PullScan.Entry) -> Bool { entry.kind == "message" }
        func entry(_ position: Int64) -> PullScan.Entry { log[Int(position) - 1] }

        mutating func append() {
            let isExpress = random.chance(20)
            let position = Int64(log.count + 1)
            let lane = (isExpress ? "user" : "chat") + "\(Int.random(in: 0..<4, using: &random))"
            let life = Duration.seconds(Int.random(in: 1...60, using: &random))
            log.append(
                PullScan.Entry(
                    position: position, kind: random.chance(85) ? "message" : "poll", lane: lane,
                    deadline: isExpress ? now + life : nil, bytes: 100))
        }

        func scan(_ cursor: PullCursor, isExpress: Bool, limit: Int) -> PullScan {
            let found = log.filter { $0.position > cursor.from && (!isExpress || $0.deadline != nil) }
            return PullScan(entries: Array(found.prefix(limit)), isCut: found.count >= limit)
        }

        mutating func pull(_ limit: Int) {
            let scanLimit = Int.random(in: 1...20, using: &random)
            let selection = PullSelection(
                PullState.Terms(kinds: ["message"], ordering: ordering, now: now), main: main,
                express: express, handouts: handouts.values.sorted { $0.position < $1.position },
                mainScan: scan(main, isExpress: false, limit: scanLimit),
                expressScan: scan(express, isExpress: true, limit: scanLimit), limit: limit)
            check(selection, limit)
            for position in selection.forgotten { handouts[position] = nil }
            for update in selection.taken {
                handouts[update.position] = PullHandout(
                    position: update.position, lane: update.lane, deadline: update.deadline,
                    bytes: update.bytes, visibleAt: now + .seconds(30))
            }
            given += selection.taken.map(\.position)
            expired.formUnion(selection.expired)
            (main, express) = (selection.main, selection.express)
        }

        private mutating func check(_ selection: PullSelection, _ limit: Int) {
            let out = handouts.values.filter { $0.visibleAt > now }
            if selection.taken.count > limit { faults.append("more than the limit") }
            for update in selection.taken where out.contains(where: { $0.position == update.position }) {
                faults.append("\(update.position) is given while it is out")
            }
            for position in selection.taken.map(\.position) + selection.expired {
                let isOver = acknowledged.contains(position) || expired.contains(position)
                if isOver || !isWanted(entry(position)) {
                    faults.append("\(position) is given once too often")
                }
            }
            if ordering == .lane {
                let lanes = Set(out.map(\.lane))
                for update in selection.taken where lanes.contains(update.lane) {
                    faults.append("\(update.position) is given while its lane is out")
                }
                for (lane, updates) in Dictionary(grouping: selection.taken, by: \.lane) {
                    let positions = updates.map(\.position)
                    let first = log.first {
                        $0.lane == lane && isWanted($0) && !acknowledged.contains($0.position)
                            && !expired.contains($0.position)
                            && !selection.expired.contains($0.position)
                    }
                    if positions != positions.sorted() || positions.first != first?.position {
                        faults.append("\(lane) is not given in order")
                    }
                }
            }
        }

        /// As the database does it.
        mutating func acknowledge(_ positions: [Int64]) {
            let gone = positions.compactMap { handouts.removeValue(forKey: $0) }
            acknowledged.formUnion(gone.map(\.position))
            func moved(_ cursor: PullCursor, isExpress: Bool) -> PullCursor {
                let kept = handouts.values.filter { ($0.deadline != nil) == isExpress }.map(\.position).min()
                let position = max(cursor.position, min(cursor.from, kept.map { $0 - 1 } ?? .max))
                let settled =
                    cursor.settled + gone.filter { ($0.deadline != nil) == isExpress }.map(\.position)
                var next = cursor
                next.position = position
                next.settled = Set(settled).filter { $0 > position }.sorted()
                return next
            }
            (main, express) = (moved(main, isExpress: false), moved(express, isExpress: true))
        }

        /// A cursor says that everything up to it is settled.
        mutating func checkCursors() {
            for entry in log where isWanted(entry) {
                let cursor = entry.deadline == nil ? main : express
                let isSettled = entry.position <= cursor.position || cursor.settled.contains(entry.position)
                let isOver = acknowledged.contains(entry.position) || expired.contains(entry.position)
                if isSettled != isOver {
                    faults.append("\(entry.position): settled \(isSettled), over \(isOver)")
                }
            }
        }

        mutating func step() {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4: append()
            case 4..<7: pull(Int.random(in: 1...6, using: &random))
            case 7..<9:
                let some = handouts.keys.sorted().filter { _ in random.chance(50) }
                // A puller that dies acknowledges nothing; one that is late acknowledges what is another's.
                if !random.chance(20) { acknowledge(some) }
            default: now = now + .seconds(Int.random(in: 1...40, using: &random))
            }
            checkCursors()
        }
    }

    @Test(
        "Whatever happens, nothing is lost, lanes keep their order, and cursors pass nothing that is not settled",
        arguments: [Consumer.Ordering.lane, .none])
    func interleavings(_ ordering: Consumer.Ordering) throws {
        for seed in UInt64(1)...100 {
            var model = Model(seed: seed, ordering: ordering)
            for _ in 0..<200 { model.step() }
            var rounds = 0
            while model.log.contains(where: {
                model.isWanted($0) && !model.acknowledged.contains($0.position)
                    && !model.expired.contains($0.position)
            }), rounds < 2000 {
                model.now = model.now + .seconds(31)
                model.pull(5)
                model.acknowledge(Array(model.handouts.keys))
                rounds += 1
            }
            // What was acknowledged beyond the last look's end is gone over by the next ones.
            for _ in 0..<100 { model.pull(5) }
            model.checkCursors()

            #expect(model.faults.isEmpty, "seed \(seed): \(model.faults.prefix(3))")
            #expect(rounds < 2000, "seed \(seed): something is never given")
            #expect(model.main.settled.isEmpty && model.express.settled.isEmpty, "seed \(seed)")
        }
    }
}
