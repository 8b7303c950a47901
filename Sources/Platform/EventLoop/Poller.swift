import CLinux
import Glibc

/// An epoll set and the handlers of its descriptors. Confined to one thread after the first `poll`.
package final class Poller {
    package struct Events: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        package static let readable = Events(rawValue: EPOLLIN.rawValue)
        package static let writable = Events(rawValue: EPOLLOUT.rawValue)
        /// The peer is gone or the socket failed; always reported, never asked for.
        package static let closed = Events(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
    }

    /// A descriptor's number is reused as soon as it is closed; the generation tells an event of the new
    /// descriptor from one that was fetched for the old.
    private struct Entry {
        let generation: UInt32
        let interest: Events
        let handler: (Events) -> Void
    }

    private let descriptor: Int32
    private var entries: [Int32: Entry] = [:]
    private var generation: UInt32 = 0
    private var fetched = [epoll_event](repeating: epoll_event(), count: 256)

    init() throws {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError.last("epoll_create1") }
    }

    deinit { close(descriptor) }

    func watch(_ target: Int32, _ interest: Events, _ handler: @escaping (Events) -> Void) throws {
        let known = entries[target]
        if known?.interest != interest {
            generation &+= known == nil ? 1 : 0
            let current = known?.generation ?? generation
            var event = epoll_event()
            event.events = interest.rawValue
            event.data.u64 = UInt64(current) << 32 | UInt64(UInt32(bitPattern: target))
            guard epoll_ctl(descriptor, known == nil ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, target, &event) == 0
            else {
                throw SystemError.last("epoll_ctl")
            }
        }
        entries[target] = Entry(
            generation: known?.generation ?? generation, interest: interest, handler: handler)
    }

    func unwatch(_ target: Int32) {
        guard entries.removeValue(forKey: target) != nil else { return }
        epoll_ctl(descriptor, EPOLL_CTL_DEL, target, nil)
    }

    /// Waits for events and calls their handlers. -1 waits without end.
    func poll(timeoutMilliseconds: Int32) {
        let count = epoll_wait(descriptor, &fetched, Int32(fetched.count), timeoutMilliseconds)
        guard count > 0 else { return }
        for index in 0..<Int(count) {
            let event = fetched[index]
            let target = Int32(bitPattern: UInt32(truncatingIfNeeded: event.data.u64))
            guard let entry = entries[target], entry.generation == UInt32(event.data.u64 >> 32) else {
                continue
            }
            entry.handler(Events(rawValue: event.events))
        }
    }
}
