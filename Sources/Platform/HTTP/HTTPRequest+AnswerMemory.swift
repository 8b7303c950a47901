extension HTTPRequest {
    /// Has room held for an answer of about so many bytes, before something is done that would be in vain without it.
    /// What was reserved before is given back. On the server's loop.
    /// - Throws: `Problem` 503; `CancellationError` when the answer has been given already, the handler being late.
    package func reserveAnswer(_ bytes: Int) throws {
        guard let exchange else { return }
        guard exchange.isHandling else { throw CancellationError() }
        guard exchange.server.reserve(bytes, for: exchange) else { throw Problem.unavailable() }
    }

    /// Gives back what was reserved, since that was not done.
    package func releaseAnswer() {
        guard let exchange, exchange.isHandling else { return }
        exchange.server.giveBackAnswer(of: exchange)
    }
}

extension HTTPServer {
    fileprivate func reserve(_ bytes: Int, for exchange: HTTPExchange) -> Bool {
        loop.preconditionIsCurrent()
        giveBackAnswer(of: exchange)
        guard answerMemory.take(bytes, for: exchange.connection.answerAddress, limits) else {
            metrics.refused(.memory)
            return false
        }
        exchange.answerBytes = bytes
        return true
    }

    /// The answer itself, or that there is no room for it now. Only to GET, which can be asked again: other requests
    /// have done what they were for, and their answers are small, or have room reserved.
    func affordable(_ response: HTTPResponse, for exchange: HTTPExchange) -> HTTPResponse {
        giveBackAnswer(of: exchange)
        guard case .bytes(let bytes) = response.body else { return response }
        let address = exchange.connection.answerAddress
        if exchange.method != .get, exchange.method != .head {
            answerMemory.hold(bytes.count, for: address)
        } else if !answerMemory.take(bytes.count, for: address, limits) {
            metrics.refused(.memory)
            return Problem.unavailable().response(requestID: exchange.id)
        }
        exchange.answerBytes = bytes.count
        return response
    }

    func giveBackAnswer(of exchange: HTTPExchange) {
        answerMemory.giveBack(exchange.answerBytes, for: exchange.connection.answerAddress)
        exchange.answerBytes = 0
    }
}
