import Testing

@testable import Platform

/// A queue with a clock of the test's own. What is sent is answered at once.
private struct QueueRun {
    var queue: SendQueue<Int>
    let start = ContinuousClock.now
    var now: ContinuousClock.Instant
    var sent: [(at: Duration, chat: Int64, message: Int)] = []

    init(_ limits: SendLimits = SendLimits()) {
        queue = SendQueue(limits: limits)
        now = start
    }

    mutating func add(_ messages: some Sequence<Int>, to chat: Int64) throws {
        for message in messages { try queue.add(message, to: chat, at: now) }
    }

    /// Sends whatever may go, when it may, until `end`.
    mutating func run(until end: Duration) {
        while true {
            while let (chat, message) = queue.next(at: now) {
                sent.append((now - start, chat, message))
                queue.finished(chat, at: now)
            }
            guard let next = queue.nextTime(at: now), next <= start + end else { break }
            now = max(now, next)
        }
        now = start + end
    }

    /// The most that was sent within any stretch of time of this length.
    func most(within length: Duration) -> Int {
        sent.map { first in sent.count { $0.at >= first.at && $0.at < first.at + length } }.max() ?? 0
    }
}

@Suite("Send queue")
struct SendQueueTests {
    @Test("A bot sends thirty messages in any second, and no fewer when so many wait")
    func botLimit() throws {
        var run = QueueRun()
        for chat in Int64(1)...100 { try run.add([Int(chat)], to: chat) }

        run.run(until: .seconds(10))

        #expect(run.most(within: .seconds(1)) == 30)
        #expect(run.sent.count == 100)
        #expect(run.sent.last?.at == .seconds(3))
    }

    @Test("A chat gets one message a second, in order")
    func chatLimit() throws {
        var run = QueueRun()
        try run.add(1...5, to: 7)

        run.run(until: .seconds(60))

        #expect(run.sent.map(\.message) == [1, 2, 3, 4, 5])
        #expect(run.sent.map(\.at) == (0..<5).map { .seconds($0) })
    }

    @Test("A group gets twenty messages in any minute, a person as many as come")
    func groupLimit() throws {
        var run = QueueRun()
        try run.add(1...50, to: -100)
        try run.add(1...50, to: 100)

        run.run(until: .seconds(130))

        #expect(run.sent.count { $0.chat == 100 } == 50)
        run.sent = run.sent.filter { $0.chat == -100 }
        #expect(run.most(within: .seconds(60)) == 20)
        #expect(run.sent.count == 50)
    }

    @Test("A quiet chat remembers when it was sent to last")
    func memory() throws {
        var run = QueueRun()
        try run.add([1], to: 7)
        run.run(until: .milliseconds(400))
        try run.add([2], to: 7)

        run.run(until: .seconds(5))

        #expect(run.sent.map(\.at) == [.zero, .seconds(1)])
    }

    @Test("Chats take turns: one with many messages does not keep another waiting")
    func fairness() throws {
        var limits = SendLimits()
        limits.chatInterval = .zero
        limits.perSecond = 2
        var run = QueueRun(limits)
        try run.add(1...50, to: 1)
        try run.add([99], to: 2)

        run.run(until: .milliseconds(1))

        #expect(run.sent.map(\.message) == [1, 99])
    }

    @Test("A chat's next message waits for the answer to the one before; one put back goes first")
    func order() throws {
        var run = QueueRun()
        try run.add([1, 2], to: 7)

        let first = run.queue.next(at: run.now)
        let meanwhile = run.queue.next(at: run.now + .seconds(5))
        run.queue.putBack(1, to: 7)
        run.queue.finished(7, at: run.now)
        run.run(until: .seconds(10))

        #expect(first?.message == 1)
        #expect(meanwhile == nil)
        #expect(run.sent.map(\.message) == [1, 2])
        #expect(run.sent.first?.at == .seconds(1))
    }

    @Test("While Telegram asks the bot to wait, nothing goes to any chat")
    func hold() throws {
        var run = QueueRun()
        try run.add([1], to: 7)
        try run.add([2], to: 8)
        run.queue.hold(until: run.start + .seconds(9))
        run.queue.hold(until: run.start + .seconds(3))

        run.run(until: .seconds(8))
        let early = run.sent.count
        run.run(until: .seconds(20))

        #expect(early == 0)
        #expect(run.sent.map(\.at) == [.seconds(9), .seconds(9)])
    }

    @Test("What may wait is bounded, for the bot and for a chat, and what is taken out makes room")
    func bounds() throws {
        var limits = SendLimits()
        limits.waiting = 5
        limits.waitingInChat = 3
        var run = QueueRun(limits)
        try run.add(1...3, to: 1)

        #expect(throws: SendQueue<Int>.Full.self) { try run.queue.add(4, to: 1, at: run.now) }
        try run.add(4...5, to: 2)
        #expect(throws: SendQueue<Int>.Full.self) { try run.queue.add(6, to: 3, at: run.now) }
        let removed = run.queue.remove { $0.isMultiple(of: 2) }
        try run.add([6], to: 3)
        run.run(until: .seconds(10))

        #expect(Set(removed) == [2, 4])
        #expect(Set(run.sent.map(\.message)) == [1, 3, 5, 6])
        #expect(run.queue.count == 0)
    }

    @Test("A bot is forgotten only when no limit asks about it any more")
    func forgetting() throws {
        var run = QueueRun()
        try run.add([1], to: -5)
        run.run(until: .seconds(59))
        let early = run.queue.isForgettable(at: run.now)
        run.run(until: .seconds(61))
        let late = run.queue.isForgettable(at: run.now)

        #expect(!early)
        #expect(late)
    }
}
