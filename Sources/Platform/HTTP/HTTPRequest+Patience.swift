import Glibc

extension HTTPRequest {
    /// Gives the handler until `deadline`, which may be later than the server's own, and has it cancelled within a
    /// second when the client goes: for an answer that waits for something. A client that has closed its side of the
    /// connection counts as gone.
    package func isAnswered(by deadline: ContinuousClock.Instant) {
        guard let exchange else { return }
        exchange.server.loop.perform {
            guard exchange.isHandling else { return }
            exchange.isPatient = true
            exchange.connection.enter(.handling, until: deadline)
        }
    }

    /// Whether nobody would read the answer any more. On the server's loop.
    package var isClientGone: Bool {
        guard let exchange, exchange.isHandling else { return exchange != nil }
        return HTTPServer.areGone([exchange.connection.socket])[0]
    }
}

/// A suspended connection is not looked at by libmicrohttpd. Of those whose handlers wait, one system call in each
/// sweep asks whether the client is still there.
extension HTTPServer {
    func endWaitsOfGone() {
        let waiting = connections.all.filter { $0.phase == .handling && $0.exchange?.isPatient == true }
        guard !waiting.isEmpty else { return }
        for (connection, isGone) in zip(waiting, Self.areGone(waiting.map(\.socket))) where isGone {
            connection.exchange?.task?.cancel()
        }
    }

    fileprivate static func areGone(_ sockets: [Int32]) -> [Bool] {
        // POLLRDHUP, which Glibc's module leaves out: the other end has closed its side.
        let closed: Int16 = 0x2000
        var entries = sockets.map { pollfd(fd: $0, events: closed, revents: 0) }
        guard poll(&entries, nfds_t(entries.count), 0) > 0 else { return sockets.map { _ in false } }
        let gone = closed | Int16(POLLHUP) | Int16(POLLERR)
        return entries.map { $0.revents & gone != 0 }
    }
}
