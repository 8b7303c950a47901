import CCurl

/// Sends HTTP requests from one event loop, on kept connections, HTTP/2 where a TLS peer speaks it.
///
/// Redirects are not followed, cookies not kept, proxies and .netrc not read, certificates checked, TLS 1.2 at
/// least. A request on a kept connection that the peer closed before any byte of an answer is sent once more on a
/// new one, as RFC 9112 section 9.3.1 has clients do for what may be repeated: callers send nothing that may not.
///
/// `@unchecked Sendable`: confined to the loop's thread. Close it there before it goes.
package final class HTTPClient: @unchecked Sendable {
    /// Handles kept for later requests.
    private static let spareLimit = 128

    private let loop: EventLoop
    private let addressGuard: AddressGuard
    private let limits: HTTPClientLimits
    private let settings: HTTPClientSettings
    private var queue: AdmissionQueue<HTTPClientExchange>
    private var running: [ObjectIdentifier: HTTPClientExchange] = [:]
    private var spare: [CurlTransfer] = []
    private var multi: CurlMulti?

    /// - Parameters:
    ///   - authorityFile: PEM file of the authorities to trust, instead of the system's.
    ///   - names: asked before the system's look-up.
    package init(
        loop: EventLoop, addressGuard: AddressGuard, userAgent: String = "Rookery",
        limits: HTTPClientLimits = HTTPClientLimits(), authorityFile: String? = nil,
        names: HTTPClientSettings.Names? = nil
    ) throws(HTTPClientError) {
        self.loop = loop
        self.addressGuard = addressGuard
        self.limits = limits
        settings = HTTPClientSettings(userAgent: userAgent, authorityFile: authorityFile, names: names)
        queue = AdmissionQueue(limits: limits)
        multi = try CurlMulti(loop: loop, limits: limits) { [unowned self] in transferEnded($0, $1) }
    }

    /// Requests under way or waiting for a place.
    package var load: Int { queue.active + queue.waiting }

    /// Sends a request and waits for the whole answer. Any status is an answer; cancelling the task ends it early.
    package func send(
        _ request: HTTPClientRequest
    ) async throws(HTTPClientError) -> HTTPClientResponse {
        loop.preconditionIsCurrent()
        try request.check()
        let exchange = HTTPClientExchange(request, origin: try Origin(of: request.url))
        guard addressGuard.ports.contains(exchange.claim.origin.port) else {
            throw .portRefused(exchange.claim.origin.port)
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { begin(exchange, $0) }
        } onCancel: {
            loop.execute { [self] in end(exchange, .failure(.cancelled)) }
        }
        return try result.get()
    }

    /// Ends every request of a group: with `.cancelled`, or as without a place when nothing of it was sent.
    package func end(group: Int) {
        loop.preconditionIsCurrent()
        for exchange in queue.allWaiting where exchange.request.group == group {
            end(exchange, .failure(.tooManyRequests))
        }
        for exchange in Array(running.values) where exchange.request.group == group {
            end(exchange, .failure(.cancelled))
        }
    }

    /// Ends every request with `.closed` and closes all connections.
    package func close() {
        loop.preconditionIsCurrent()
        guard let multi else { return }
        self.multi = nil
        multi.close()
        spare = []
        for exchange in queue.removeWaiting() + running.values { exchange.finish(.failure(.closed), loop) }
        running = [:]
    }

    // MARK: An exchange's way

    private func begin(_ exchange: HTTPClientExchange, _ continuation: HTTPClientExchange.Continuation) {
        // A cancellation may have come before the continuation.
        guard !exchange.isFinished else { return continuation.resume(returning: .failure(.cancelled)) }
        exchange.continuation = continuation
        guard multi != nil else { return exchange.finish(.failure(.closed), loop) }
        let decision = queue.enter(exchange, exchange.claim)
        guard decision != .refuse else { return exchange.finish(.failure(.tooManyRequests), loop) }
        guard decision == .wait else { return start(exchange) }
        // Without a place until then: the other end has seen nothing of it.
        setTimer(exchange, .tooManyRequests)
    }

    private func setTimer(_ exchange: HTTPClientExchange, _ error: HTTPClientError) {
        exchange.timer.map(loop.cancel)
        exchange.timer = loop.schedule(after: exchange.request.timeout) { [self] in
            end(exchange, .failure(error))
        }
    }

    private func start(_ exchange: HTTPClientExchange) {
        guard exchange.request.isStillWanted?() ?? true else {
            queue.leave(exchange.claim)
            return exchange.finish(.failure(.tooManyRequests), loop)
        }
        guard let multi,
            let transfer = spare.popLast() ?? CurlTransfer(addressGuard: addressGuard, limits: limits)
        else {
            queue.leave(exchange.claim)
            return exchange.finish(.failure(.connectFailed("out of memory")), loop)
        }
        transfer.prepare(exchange.request, to: exchange.claim.origin, settings: settings)
        exchange.transfer = transfer
        exchange.startedAt = .now
        running[ObjectIdentifier(transfer)] = exchange
        setTimer(exchange, .timedOut)
        multi.add(transfer)
    }

    private func transferEnded(_ transfer: CurlTransfer, _ code: CURLcode) {
        guard let exchange = running[ObjectIdentifier(transfer)] else { return }
        end(exchange, transfer.result(code, since: exchange.startedAt))
    }

    /// Takes an exchange out of wherever it is. Does nothing when it has ended already.
    private func end(_ exchange: HTTPClientExchange, _ result: HTTPClientExchange.Outcome) {
        guard !exchange.isFinished, multi != nil else { return }
        if let transfer = exchange.transfer {
            running[ObjectIdentifier(transfer)] = nil
            multi?.remove(transfer)
            transfer.reset()
            if spare.count < Self.spareLimit { spare.append(transfer) }
            exchange.transfer = nil
            queue.leave(exchange.claim)
        } else {
            queue.abandon(exchange, exchange.claim)
        }
        exchange.finish(result, loop)
        while let next = queue.next() { start(next) }
    }
}
