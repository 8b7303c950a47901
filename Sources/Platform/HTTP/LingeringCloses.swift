import Glibc

/// Sockets whose last answer is sent while the client may still be sending. Closing one with unread bytes makes
/// the kernel reset it, which can take the answer away from the client; so a duplicate stays open for a moment
/// and what still comes is thrown away (RFC 9112 section 9.6). Confined to one loop.
final class LingeringCloses {
    private static let limit = 64
    private static let patience: Duration = .seconds(1)

    private let loop: EventLoop
    private var timers: [Int32: TimerQueue.Token] = [:]

    init(loop: EventLoop) { self.loop = loop }

    /// Call when the answer is written; the caller goes on to close `socket`, which is non-blocking.
    func add(_ socket: Int32) {
        guard timers.count < Self.limit else { return }
        let copy = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return }
        shutdown(copy, Int32(SHUT_WR))
        do {
            try loop.watch(copy, .readable) { [unowned self] _ in discard(copy) }
            timers[copy] = loop.schedule(after: Self.patience) { [unowned self] in end(copy) }
        } catch {
            close(copy)
        }
    }

    func closeAll() {
        for copy in timers.keys { end(copy) }
    }

    private func discard(_ copy: Int32) {
        let isOver = withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { buffer in
            let count = read(copy, buffer.baseAddress, buffer.count)
            return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
        }
        if isOver { end(copy) }
    }

    private func end(_ copy: Int32) {
        guard let timer = timers.removeValue(forKey: copy) else { return }
        loop.cancel(timer)
        loop.unwatch(copy)
        close(copy)
    }
}
