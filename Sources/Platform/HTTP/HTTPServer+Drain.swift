import CMicroHTTPD
import Glibc

extension HTTPServer {
    /// Accepts what the kernel has queued, takes no more connections, closes idle ones, and returns when every
    /// request is answered, at the latest at `deadline`. Answers from now on end their connection.
    package func drain(until deadline: ContinuousClock.Instant) async {
        await withCheckedContinuation { continuation in
            loop.execute { self.beginDrain(until: deadline, continuation) }
        }
    }

    private func beginDrain(
        until deadline: ContinuousClock.Instant, _ continuation: CheckedContinuation<Void, Never>
    ) {
        guard let daemon, !isDraining else { return continuation.resume() }
        isDraining = true
        drained = continuation
        acceptPending(daemon)
        // From here the socket is ours again.
        if MHD_quiesce_daemon(daemon) >= 0 { close(listenSocket) }
        for connection in connections.all where connection.phase == .idle { cut(connection) }
        scheduleRun()
        drainTimer = loop.schedule(at: deadline) { [self] in endDrain() }
        settleDrain()
    }

    /// A connection that is in the backlog when its socket closes would be reset.
    private func acceptPending(_ daemon: OpaquePointer) {
        var entry = pollfd(fd: listenSocket, events: Int16(POLLIN), revents: 0)
        var rounds = 0
        repeat {
            MHD_run(daemon)
            rounds += 1
        } while rounds < 1000 && connections.all.count < limits.connections && poll(&entry, 1, 0) > 0
        // The last ones accepted are read from in the run after.
        MHD_run(daemon)
    }

    func settleDrain() {
        if connections.all.isEmpty { endDrain() }
    }

    private func endDrain() {
        if let drainTimer { loop.cancel(drainTimer) }
        drainTimer = nil
        drained?.resume()
        drained = nil
    }
}
