import Glibc

/// Holds a thread until the test lets it go on. The test itself waits as a task: the threads that tasks share are as
/// few as the processors, and the one that was held may need them to get there.
/// `@unchecked Sendable`: semaphores are thread-safe.
package final class ThreadGate: @unchecked Sendable {
    private let opened = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let entries: AsyncStream<Void>
    private let entered: AsyncStream<Void>.Continuation

    package init() {
        sem_init(opened, 0, 0)
        (entries, entered) = AsyncStream.makeStream()
    }

    deinit {
        sem_destroy(opened)
        opened.deallocate()
    }

    package func wait() {
        entered.yield()
        sem_wait(opened)
    }

    package func awaitEntered() async { for await _ in entries { return } }
    package func open() { sem_post(opened) }
}
