import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Delivery window")
struct DeliveryWindowTests {
    @Test("Random interleavings keep order, cursor and completeness", arguments: 0..<20)
    func interleavings(_ round: Int) async throws {
        let faults = try await offPool {
            for seed in UInt64(round * 10)..<UInt64(round * 10 + 10) {
                var run = DeliveryWindowRun(seed: seed)
                run.play(steps: 400)
                run.finish()
                guard run.faults.isEmpty else { return ["seed \(seed)"] + run.faults }
            }
            return []
        }

        #expect(faults.isEmpty)
    }

    @Test("Lanes take turns, and a lane has one update on its way")
    func turns() {
        var window = DeliveryWindow(cursor: 0)
        _ = window.take([update(1, "a"), update(2, "a"), update(3, "b"), update(4, "c")])

        let sent = (0..<4).map { _ in window.next()?.position }
        window.succeeded(1)

        #expect(sent == [1, 3, 4, nil])
        let after = window.next()?.position
        #expect(after == 2)
        #expect(window.sendingCount == 3)
    }

    @Test("The cursor stops before what is under way, and what lies settled behind it is told apart")
    func progress() {
        var window = DeliveryWindow(cursor: 10)
        _ = window.take([update(11, "a"), update(14, "b"), update(15, "c")])
        for _ in 0..<3 { _ = window.next() }

        window.succeeded(14)

        #expect(window.progress.cursor == 10)
        #expect(window.progress.settled == [14])
        window.succeeded(11)
        #expect(window.progress.cursor == 14)
        #expect(window.progress.settled == [])
    }

    @Test("A failed update takes its followers with it, and what is read for its lane later leaves too")
    func failure() {
        var window = DeliveryWindow(cursor: 0)
        _ = window.take([update(1, "a"), update(2, "b"), update(3, "a")])
        _ = window.next()

        let leaving = window.failed(1, holdsLane: true).map(\.position)
        let later = window.take([update(4, "a"), update(5, "b")]).map(\.position)
        window.left(leaving)

        #expect(leaving == [1, 3])
        #expect(later == [4])
        #expect(window.cursor == 1)
        #expect(window.progress(settling: [4]).settled == [3, 4])
        window.left([4])
        window.releaseLane("a")
        let released = window.take([update(6, "a")])
        #expect(released.isEmpty)
    }

    @Test("A consumer that wants no order has every update on its way at once")
    func noOrder() {
        var window = DeliveryWindow(cursor: 0, keepsLanes: false)
        _ = window.take([update(1, "a"), update(2, "a"), update(3, "a")])

        let sent = (0..<3).compactMap { _ in window.next()?.position }

        #expect(sent == [1, 2, 3])
        let leaving = window.failed(1, holdsLane: true).map(\.position)
        #expect(leaving == [1])
        #expect(window.heldLanes.isEmpty)
    }

    @Test("Kinds that are not wanted are settled without being sent")
    func unwanted() {
        var window = DeliveryWindow(cursor: 0)

        _ = window.take([update(1, "a"), update(2, "b")]) { _ in false }

        #expect(window.cursor == 2)
        let next = window.next()
        #expect(next == nil)
        #expect(window.size == 0)
    }

    @Test("Behind a lane that hangs, what is settled holds no payload and takes no room from the others")
    func hangingLane() {
        var window = DeliveryWindow(cursor: 0)
        _ = window.take([update(1, "hanging")])
        _ = window.next()
        let size = window.size

        for position in Int64(2)...3000 {
            _ = window.take([update(position, "a")])
            _ = window.next()
            window.succeeded(position)
        }

        #expect(window.size == size)
        #expect(window.unsettledCount == 1)
        #expect(window.hasRoom(for: 999))
        #expect(!window.hasRoom(for: 1000))
        #expect(window.cursor == 0)
        #expect(window.progress.settled.count == 2999)
    }

    @Test("The window ends where the cursor's settled positions would be too many")
    func reach() {
        var window = DeliveryWindow(cursor: 0)
        _ = window.take([update(1, "hanging")])
        _ = window.next()

        _ = window.take((2...9_000).map { update($0, "a") }) { _ in false }
        let hadRoom = window.hasRoom(for: 250)
        _ = window.take((9_001...9_900).map { update($0, "a") }) { _ in false }

        #expect(hadRoom)
        #expect(!window.hasRoom(for: 250))
        window.succeeded(1)
        #expect(window.hasRoom(for: 250))
    }

    @Test("What was read ahead can be dropped and read again, without what is settled of it")
    func dropReadAhead() {
        var window = DeliveryWindow(cursor: 0)
        let updates = [update(1, "a"), update(2, "b"), update(3, "c"), update(4, "d")]
        _ = window.take(updates)
        for _ in 0..<3 { _ = window.next() }
        _ = window.released(1)
        window.succeeded(2)
        window.left(window.failed(3, holdsLane: true).map(\.position))
        let progress = window.progress

        window.dropReadAhead()

        #expect(window.isEmpty && window.size == 0 && !window.hasReady)
        #expect(window.lastRead == 0)
        #expect(window.progress == progress)
        let leaving = window.take(updates + [update(5, "c")]).map(\.position)
        let sent = (0..<4).compactMap { _ in window.next()?.position }
        #expect(leaving == [5])
        #expect(sent == [1, 4])
    }

    private func update(_ position: Int64, _ lane: String) -> LoggedUpdate {
        LoggedUpdate(position: position, lane: lane)
    }
}

extension LoggedUpdate {
    init(position: Int64, lane: String) {
        self.init(
            position: position, updateID: position, kind: "message", lane: lane, chatID: nil, deadline: nil,
            receivedAt: Timestamp(microsecondsSince1970: 0), payload: JSONBytes(Array("{}".utf8)))
    }
}
