/// Timers in a binary heap. Cancelling is cheap: the entry stays in the heap as a tombstone, and the heap is
/// rebuilt once tombstones outnumber what is alive.
package struct TimerQueue {
    package struct Token: Hashable, Sendable { fileprivate let number: UInt64 }

    private struct Entry {
        let deadline: ContinuousClock.Instant
        let number: UInt64
        static func < (left: Entry, right: Entry) -> Bool {
            (left.deadline, left.number) < (right.deadline, right.number)
        }
    }

    private var heap: [Entry] = []
    private var actions: [UInt64: () -> Void] = [:]
    private var lastNumber: UInt64 = 0

    init() {}

    mutating func add(at deadline: ContinuousClock.Instant, _ action: @escaping () -> Void) -> Token {
        lastNumber += 1
        actions[lastNumber] = action
        heap.append(Entry(deadline: deadline, number: lastNumber))
        siftUp(heap.count - 1)
        return Token(number: lastNumber)
    }

    mutating func cancel(_ token: Token) {
        guard actions.removeValue(forKey: token.number) != nil else { return }
        if heap.count > 64 && heap.count > actions.count * 2 { compact() }
    }

    /// Takes out the first timer that is due at `now`. The caller runs it: it may add and cancel timers.
    mutating func takeDue(at now: ContinuousClock.Instant) -> (() -> Void)? {
        while let first = heap.first, first.deadline <= now {
            popFirst()
            if let action = actions.removeValue(forKey: first.number) { return action }
        }
        return nil
    }

    /// For epoll: -1 without a timer, rounded up so that a timer is due when the wait ends.
    mutating func millisecondsUntilNext() -> Int32 {
        while let first = heap.first, actions[first.number] == nil { popFirst() }
        guard let first = heap.first else { return -1 }
        let (seconds, attoseconds) = (first.deadline - .now).components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return Int32(
            clamping: min(seconds, 3600) * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    private mutating func popFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        siftDown(0)
    }

    private mutating func compact() {
        heap.removeAll { actions[$0.number] == nil }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child] < heap[smallest] {
                smallest = child
            }
            guard smallest != index else { return }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}
