import CLinux
import Glibc
import Synchronization

/// A few threads for work that blocks or computes for long (password hashing, files, name look-ups, child
/// processes), so that no event loop does. The queue is bounded: past it, callers are told at once.
///
/// `@unchecked Sendable`: `state` is guarded by `mutex`.
package final class BlockingPool: @unchecked Sendable {
    /// The queue is full; try again later.
    package struct Full: Error {}

    private struct State {
        var queue: [@Sendable () -> Void] = []
        var isStopping = false
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private let capacity: Int
    private let niceness: Int32
    private var state = State()

    /// - Parameter niceness: how much the threads yield to others, to event loops above all; 0, not at all, to 19.
    package init(threads: Int = 2, capacity: Int = 256, niceness: Int32 = 0) throws {
        self.capacity = capacity
        self.niceness = niceness
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        for _ in 0..<threads {
            let retained = Unmanaged.passRetained(self)
            var identifier: pthread_t = 0
            let status = pthread_create(
                &identifier, nil,
                { context in
                    Unmanaged<BlockingPool>.fromOpaque(context!).takeRetainedValue().work()
                    return nil
                }, retained.toOpaque())
            guard status == 0 else {
                retained.release()
                throw SystemError(call: "pthread_create", code: status)
            }
            pthread_detach(identifier)
        }
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` on one of the threads; the caller's task goes on where it was.
    /// - Throws: `Full`, or what `body` throws.
    package func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
            let isAccepted = submit { continuation.resume(with: Result { try body() }) }
            if !isAccepted { continuation.resume(throwing: Full()) }
        }
    }

    /// Ends the threads once the queue is empty.
    package func stop() {
        pthread_mutex_lock(mutex)
        state.isStopping = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    private func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard state.queue.count < capacity, !state.isStopping else { return false }
        state.queue.append(work)
        pthread_cond_signal(condition)
        return true
    }

    private func work() {
        shim_name_thread("blocking")
        if niceness > 0 { shim_nice_thread(niceness) }
        while let next = nextWork() { next() }
    }

    private func nextWork() -> (@Sendable () -> Void)? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while state.queue.isEmpty {
            if state.isStopping { return nil }
            pthread_cond_wait(condition, mutex)
        }
        return state.queue.removeFirst()
    }
}
