import CMicroHTTPD
import Glibc

/// The way of one request through the access handler.
extension HTTPServer {
    /// The request line is there. Its target is kept as it is, since libmicrohttpd decodes its own in place.
    func started(_ connection: HTTPConnection, _ target: UnsafePointer<CChar>) -> HTTPExchange {
        let now = ContinuousClock.now
        let receivedAt = Timestamp.now
        let length = strlen(target)
        let bytes = UnsafeRawBufferPointer(start: target, count: length)
        let exchange = HTTPExchange(
            server: self, connection: connection, id: requestIDs.next(at: receivedAt), target: Array(bytes),
            targetAddress: UInt(bitPattern: target), receivedAt: receivedAt, startedAt: now)
        connection.exchange = exchange
        connection.enter(.receiving, until: now + limits.requestTime)
        return exchange
    }

    /// - Returns: whether to go on; false closes the connection.
    func headArrived(
        _ exchange: HTTPExchange, _ method: UnsafePointer<CChar>, _ version: UnsafePointer<CChar>
    ) -> Bool {
        let head = RequestHead(
            connection: exchange.connection.handle, method: method, version: version,
            targetAddress: exchange.targetAddress, targetLength: exchange.target.count, reusing: &headStorage)
        defer { headStorage = head.fields }
        do {
            let accepted = try gate.check(head, target: exchange.target)
            exchange.accept(accepted, headers: head.headers)
            if let length = accepted.contentLength, length <= limits.smallBody { return true }
        } catch {
            refuse(exchange, error.refusal, withBody: !head.method.elementsEqual("HEAD".utf8))
            return false
        }
        guard let checkHead, let problem = checkHead(request(of: exchange)) else { return true }
        refuse(
            exchange, HTTPRefusal(reason: .notAdmitted, problem: problem), withBody: exchange.method != .head)
        return false
    }

    private func request(of exchange: HTTPExchange) -> HTTPRequest {
        let connection = exchange.connection
        let isForwarded = connection.isTrusted
        var request = HTTPRequest(
            id: exchange.id, method: exchange.method, path: exchange.path, query: exchange.query,
            headers: exchange.headers, body: exchange.takeBody(), peer: connection.peer,
            client: isForwarded
                ? proxies.client(behind: connection.peer, exchange.headers) : connection.peer,
            isSecure: isForwarded && proxies.isSecure(exchange.headers), receivedAt: exchange.receivedAt,
            deadline: .now + limits.handler)
        request.exchange = exchange
        return request
    }

    func bodyArrived(_ exchange: HTTPExchange, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard exchange.body.count + bytes.count <= limits.body else {
            refuse(exchange, .bodyTooLarge, withBody: true)
            return false
        }
        guard heldBytes + bytes.count <= limits.bodies else {
            refuse(exchange, .memory, withBody: true)
            return false
        }
        exchange.heldBytes += bytes.count
        heldBytes += bytes.count
        exchange.body.append(contentsOf: bytes)
        return true
    }

    /// Starts the handler. One that answers without waiting for anything has done so when this returns; only
    /// for the others is the connection suspended, which costs system calls.
    func requestArrived(_ exchange: HTTPExchange) -> Bool {
        // libmicrohttpd aborts the process when it is stopped with a connection suspended.
        guard !isStopping else { return false }
        begin(exchange, request(of: exchange))
        loop.runJobs()
        if case .answered(let response) = exchange.stage { return queue(response, for: exchange) }
        suspend(exchange.connection)
        return true
    }

    /// Hands the answer to libmicrohttpd.
    func queue(_ response: HTTPResponse, for exchange: HTTPExchange) -> Bool {
        exchange.stage = .done
        let now = ContinuousClock.now
        let response = affordable(response, for: exchange)
        guard let queued = make(response, for: exchange) else { return false }
        defer { MHD_destroy_response(queued) }
        response.headers.eachCString { MHD_add_response_header(queued, $0, $1) }
        exchange.id.withCString { shim_add_request_id(queued, $0) }
        if isDraining || exchange.mustClose { shim_add_close(queued) }
        exchange.connection.enter(.writing, until: now + limits.writing)
        metrics.answered(response.status, after: now - exchange.startedAt)
        return MHD_queue_response(exchange.connection.handle, UInt32(response.status), queued) == .YES
    }

    private func make(_ response: HTTPResponse, for exchange: HTTPExchange) -> OpaquePointer? {
        switch response.body {
        case .empty: shim_response(nil, 0)
        case .bytes(let bytes): bytes.withUnsafeBytes { shim_response($0.baseAddress, $0.count) }
        case .shared(let body): body.response()
        case .stream:
            shim_streamed_response(
                16 * 1024,
                { context, _, buffer, size in
                    let exchange = Unmanaged<HTTPExchange>.fromOpaque(context!).takeUnretainedValue()
                    return exchange.server.read(
                        exchange, UnsafeMutableRawBufferPointer(start: buffer, count: size))
                },
                Unmanaged.passRetained(exchange).toOpaque(),
                { context in
                    let exchange = Unmanaged<HTTPExchange>.fromOpaque(context!).takeRetainedValue()
                    exchange.writer?.close()
                })
        }
    }

    /// The next piece of a streamed answer. Without one the connection is suspended until there is.
    private func read(_ exchange: HTTPExchange, _ target: UnsafeMutableRawBufferPointer) -> Int {
        switch exchange.writer?.read(into: target) {
        case .bytes(let count):
            exchange.connection.enter(.writing, until: .now + limits.writing)
            return count
        case .nothingYet:
            if exchange.connection.phase == .closing { return shim_end_with_error }
            exchange.connection.enter(.producing, until: nil)
            suspend(exchange.connection)
            return 0
        case .end: return shim_end_of_stream
        case .cutOff, nil: return shim_end_with_error
        }
    }

    /// All is sent, or the connection has failed.
    func completed(_ exchange: HTTPExchange) {
        let connection = exchange.connection
        exchange.stage = .done
        if let writer = exchange.writer, !writer.isFinished {
            writer.close()
            exchange.task?.cancel()
        }
        if exchange.task == nil { forgetBody(of: exchange) }
        giveBackAnswer(of: exchange)
        connection.exchange = nil
        guard connection.phase != .closing else { return }
        connection.enter(.idle, until: .now + limits.idle)
        if isDraining { shutdown(connection.socket, Int32(SHUT_RD)) }
    }

    /// Its body is not in memory any more, or soon will not be.
    func forgetBody(of exchange: HTTPExchange) {
        heldBytes -= exchange.heldBytes
        exchange.heldBytes = 0
    }

    func refuse(_ exchange: HTTPExchange, _ refusal: HTTPRefusal, withBody: Bool) {
        let connection = exchange.connection
        exchange.stage = .done
        connection.enter(.closing, until: .now + limits.writing)
        metrics.refused(refusal.reason)
        metrics.answered(refusal.problem.status, after: .now - exchange.startedAt)
        refusal.send(to: connection.socket, requestID: exchange.id, withBody: withBody)
        lingering.add(connection.socket)
    }
}
