import Glibc

/// Deadlines and the end: one sweep over the connections each second instead of a timer for each request.
extension HTTPServer {
    func sweep() {
        // Accepting stops when descriptors run out, and nothing else tells when there are some again.
        scheduleRun()
        let now = ContinuousClock.now
        for connection in connections.all {
            guard let deadline = connection.deadline, deadline <= now else { continue }
            switch connection.phase {
            case .receiving:
                if let exchange = connection.exchange { refuse(exchange, .slow, withBody: true) }
                cut(connection)
            case .handling:
                if let exchange = connection.exchange { timeOut(exchange) }
            case .idle, .writing, .closing: cut(connection)
            case .producing: break
            }
        }
        endWaitsOfGone()
        if isDraining { settleDrain() }
    }

    /// libmicrohttpd sees the end of the stream and closes.
    func cut(_ connection: HTTPConnection) {
        connection.enter(.closing, until: nil)
        shutdown(connection.socket, Int32(SHUT_RDWR))
    }

    private func timeOut(_ exchange: HTTPExchange) {
        exchange.task?.cancel()
        answer(exchange, Problem.timeout.response(requestID: exchange.id))
    }
}
