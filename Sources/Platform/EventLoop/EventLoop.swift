import CLinux
import Glibc
import Synchronization

/// A thread with an epoll set, on which sockets, timers and Swift tasks run side by side.
///
/// It is a task executor and a serial executor: a task started with `Task(executorPreference: loop)` stays on
/// the loop's thread, and an actor whose `unownedExecutor` is a loop is reached from there without a thread
/// switch. C handles that belong to a loop (sockets, libpq, curl, libmicrohttpd) are touched only there.
///
/// One pass of the loop: run jobs until none is ready (or the round is full) → run the deferred actions, which
/// flush what the jobs produced → wait in epoll until a descriptor, a timer or another thread has news.
///
/// `@unchecked Sendable`: everything but `inbox` is confined to the loop's thread; `inbox` is behind a lock.
package final class EventLoop: TaskExecutor, SerialExecutor, @unchecked Sendable {
    /// The loop's place among its siblings, from 0.
    package let index: Int

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var actions: [@Sendable () -> Void] = []
        var stopping = false
        var isEmpty: Bool { jobs.isEmpty && actions.isEmpty && !stopping }
    }

    /// Jobs run in one pass before descriptors get their turn.
    private static let roundLimit = 1024

    private let poller: Poller
    private let wakeUp: Int32
    private let inbox = Mutex(Inbox())
    private var thread: pthread_t = 0
    private var ready: [UnownedJob] = []
    private var isRunningJobs = false
    private var deferred: [() -> Void] = []
    private var timers = TimerQueue()

    /// - Throws: `SystemError` when the process is out of descriptors.
    package init(index: Int = 0) throws {
        self.index = index
        poller = try Poller()
        wakeUp = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard wakeUp >= 0 else { throw SystemError.last("eventfd") }
    }

    deinit { close(wakeUp) }

    // MARK: Life

    /// Starts the loop's thread. Once only.
    package func start() throws {
        try poller.watch(wakeUp, .readable) { [wakeUp] _ in
            var count: UInt64 = 0
            _ = read(wakeUp, &count, 8)
        }
        let retained = Unmanaged.passRetained(self)
        var identifier: pthread_t = 0
        let status = pthread_create(
            &identifier, nil,
            { context in
                let loop = Unmanaged<EventLoop>.fromOpaque(context!).takeRetainedValue()
                loop.thread = pthread_self()
                shim_name_thread("loop-\(loop.index)")
                loop.run()
                return nil
            }, retained.toOpaque())
        guard status == 0 else {
            retained.release()
            throw SystemError(call: "pthread_create", code: status)
        }
        pthread_detach(identifier)
    }

    /// Ends the thread after the pass that is running. Jobs not yet run are dropped: stop what uses the loop first.
    package func stop() {
        post { $0.stopping = true }
    }

    private func run() {
        while !collect() {
            runJobs()
            let now = ContinuousClock.now
            while let action = timers.takeDue(at: now) { action() }
            let actions = deferred
            deferred.removeAll(keepingCapacity: true)
            for action in actions { action() }
            let isIdle = ready.isEmpty && deferred.isEmpty
            poller.poll(timeoutMilliseconds: isIdle ? timers.millisecondsUntilNext() : 0)
        }
    }

    /// Runs the jobs that are ready, and those they make ready, until the round is full. From within a job it
    /// does nothing; from a descriptor's handler or a deferred action it lets a task that was just started get
    /// as far as it can without waiting.
    package func runJobs() {
        preconditionIsCurrent()
        guard !isRunningJobs, !ready.isEmpty else { return }
        isRunningJobs = true
        defer { isRunningJobs = false }
        let executor = asUnownedSerialExecutor()
        let taskExecutor = asUnownedTaskExecutor()
        var next = 0
        while next < ready.count && next < Self.roundLimit {
            ready[next].runSynchronously(isolatedTo: executor, taskExecutor: taskExecutor)
            next += 1
        }
        ready.removeFirst(next)
    }

    /// Takes over what other threads have sent.
    /// - Returns: whether the loop is to stop.
    private func collect() -> Bool {
        let received = inbox.withLock { inbox in
            defer { inbox.jobs = []; inbox.actions = [] }
            return inbox
        }
        ready.append(contentsOf: received.jobs)
        for action in received.actions { action() }
        return received.stopping
    }

    // MARK: From any thread

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent { ready.append(job) } else { post { $0.jobs.append(job) } }
    }

    /// Runs `action` on the loop's thread soon: at once in the next pass, in the order of the calls.
    package func execute(_ action: @escaping @Sendable () -> Void) {
        post { $0.actions.append(action) }
    }

    private func post(_ change: (inout sending Inbox) -> Void) {
        let wasEmpty = inbox.withLock { inbox in
            let wasEmpty = inbox.isEmpty
            change(&inbox)
            return wasEmpty
        }
        if wasEmpty {
            var one: UInt64 = 1
            _ = write(wakeUp, &one, 8)
        }
    }

    /// Whether the caller runs on this loop's thread.
    package var isCurrent: Bool { pthread_equal(pthread_self(), thread) != 0 }

    package func checkIsolated() { preconditionIsCurrent() }

    package func isIsolatingCurrentContext() -> Bool? { isCurrent }

    /// Traps when something confined to this loop is touched from another thread: a programming error.
    package func preconditionIsCurrent() {
        precondition(isCurrent, "this belongs to loop \(index) and was called from another thread")
    }

    // MARK: On the loop only

    /// Calls `handler` whenever `descriptor` is ready. A second call replaces interest and handler.
    package func watch(
        _ descriptor: Int32, _ interest: Poller.Events, _ handler: @escaping (Poller.Events) -> Void
    ) throws {
        preconditionIsCurrent()
        try poller.watch(descriptor, interest, handler)
    }

    /// Call before the descriptor is closed. Events already fetched for it are dropped.
    package func unwatch(_ descriptor: Int32) {
        preconditionIsCurrent()
        poller.unwatch(descriptor)
    }

    /// Runs `action` once, after the jobs of this pass: the place to flush what they wrote.
    /// What is deferred from within a deferred action runs in the next pass, without waiting.
    package func afterJobs(_ action: @escaping () -> Void) {
        preconditionIsCurrent()
        deferred.append(action)
    }

    /// Runs `action` once at `deadline`, unless cancelled. Late by at most a millisecond on an idle loop.
    @discardableResult
    package func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping () -> Void)
        -> TimerQueue.Token
    {
        preconditionIsCurrent()
        return timers.add(at: deadline, action)
    }

    @discardableResult
    package func schedule(after delay: Duration, _ action: @escaping () -> Void) -> TimerQueue.Token {
        schedule(at: .now + delay, action)
    }

    /// Cancelling one that has run, or was cancelled, does nothing.
    package func cancel(_ token: TimerQueue.Token) {
        preconditionIsCurrent()
        timers.cancel(token)
    }
}
