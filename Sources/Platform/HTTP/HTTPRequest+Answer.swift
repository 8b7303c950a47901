extension HTTPRequest {
    /// Runs `handler` and turns whatever it throws into an answer. The only place where an error that nobody
    /// expected is logged; the client learns nothing of it but the request id.
    package func answer(with handler: HTTPHandler, logger: Logger) async -> HTTPResponse {
        do {
            return try await handler(self)
        } catch let problem as Problem {
            return problem.response(requestID: id)
        } catch is CancellationError {
            return (deadline <= .now ? Problem.timeout : Problem.unavailable()).response(requestID: id)
        } catch {
            logger.error(
                "request failed",
                [
                    "request_id": id, "method": method.rawValue, "route": route ?? path, "error": "\(error)",
                ])
            return Problem.internalError.response(requestID: id)
        }
    }
}
