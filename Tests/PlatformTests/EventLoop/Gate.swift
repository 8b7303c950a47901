import Glibc

/// Holds a thread until the test lets it go on. `@unchecked Sendable`: semaphores are thread-safe.
final class Gate: @unchecked Sendable {
    private let entered = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let opened = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() {
        sem_init(entered, 0, 0)
        sem_init(opened, 0, 0)
    }

    deinit {
        sem_destroy(entered)
        sem_destroy(opened)
        entered.deallocate()
        opened.deallocate()
    }

    func wait() {
        sem_post(entered)
        sem_wait(opened)
    }

    func awaitEntered() { sem_wait(entered) }
    func open() { sem_post(opened) }
}
