import FoundationEssentials
import Platform
import TestSupport
import Testing

@Suite("Event loop")
struct EventLoopTests {
    private let loop: EventLoop

    init() throws {
        loop = try EventLoop()
        try loop.start()
    }

    @Test("A task and its children stay on the loop's thread")
    func tasksStayOnTheLoop() async {
        let loop = loop

        let places = await Task(executorPreference: loop) {
            async let child = loop.isCurrent
            await Task.yield()
            return [loop.isCurrent, await child]
        }.value

        #expect(places == [true, true])
        loop.stop()
    }

    @Test("An actor on the loop runs on its thread when called from elsewhere")
    func actorsRunOnTheLoop() async {
        let counter = Counter(loop: loop)

        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 { group.addTask { await counter.increment() } }
        }

        #expect(await counter.count == 1000)
        loop.stop()
    }

    @Test("Timers fire in the order of their deadlines and a cancelled one never")
    func timersFireInOrder() async throws {
        let loop = loop

        let fired = await withCheckedContinuation { continuation in
            loop.execute {
                nonisolated(unsafe) var fired: [Int] = []
                let start = ContinuousClock.now
                loop.schedule(at: start + .milliseconds(20)) { fired.append(2) }
                loop.schedule(at: start + .milliseconds(10)) { fired.append(1) }
                let cancelled = loop.schedule(at: start + .milliseconds(15)) { fired.append(99) }
                loop.cancel(cancelled)
                loop.schedule(at: start + .milliseconds(30)) { continuation.resume(returning: fired) }
            }
        }

        #expect(fired == [1, 2])
        loop.stop()
    }

    @Test("A timer may add timers and cancel one that is due together with it")
    func timersChangeTimers() async throws {
        let loop = loop

        let fired = await withCheckedContinuation { continuation in
            loop.execute {
                nonisolated(unsafe) var fired: [Int] = []
                nonisolated(unsafe) var rival: TimerQueue.Token?
                let deadline = ContinuousClock.now + .milliseconds(5)
                loop.schedule(at: deadline) {
                    fired.append(1)
                    if let rival { loop.cancel(rival) }
                    loop.schedule(after: .milliseconds(1)) { continuation.resume(returning: fired) }
                }
                rival = loop.schedule(at: deadline) { fired.append(99) }
            }
        }

        #expect(fired == [1])
        loop.stop()
    }

    @Test("A cancelled sleep ends at once")
    func cancelledSleepEnds() async {
        let loop = loop
        let task = Task(executorPreference: loop) { try await loop.sleep(for: .seconds(3600)) }

        task.cancel()

        await #expect(throws: CancellationError.self) { try await task.value }
        loop.stop()
    }

    @Test("A full blocking pool says so instead of queueing without end")
    func blockingPoolIsBounded() async throws {
        let pool = try BlockingPool(threads: 1, capacity: 1)
        let gate = ThreadGate()
        let running = Task { try await pool.run { gate.wait() } }
        await gate.awaitEntered()
        let results = await withTaskGroup(of: Bool.self, returning: [Bool].self) { group in
            for _ in 0..<2 { group.addTask { (try? await pool.run {}) != nil } }
            let first = await group.next()!
            gate.open()
            return [first, await group.next()!]
        }

        try await running.value
        #expect(results == [false, true])
        pool.stop()
    }

    @Test("The threads of a blocking pool yield as much as it is told", arguments: [0, 7])
    func blockingPoolIsNice(_ niceness: Int32) async throws {
        let pool = try BlockingPool(threads: 1, niceness: niceness)

        // The 19th field of proc(5)'s stat, counted behind the thread's name, which is in brackets.
        let stat = try await pool.run {
            try String(contentsOf: URL(filePath: "/proc/thread-self/stat"), encoding: .utf8)
        }

        let fields = stat.drop { $0 != ")" }.split(separator: " ")
        #expect(Int32(fields[17]) == niceness)
        pool.stop()
    }
}

private actor Counter {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private(set) var count = 0
    init(loop: EventLoop) { self.loop = loop }
    func increment() {
        precondition(loop.isCurrent)
        count += 1
    }
}
