import Platform

/// From a request to its answer: the router, and errors turned into problems.
final class Responder: Sendable {
    let router: HTTPRouter
    let logger: Logger
    /// nil on the admin address.
    let gate: Gate?

    init(router: HTTPRouter, logger: Logger, gate: Gate? = nil) {
        self.router = router
        self.logger = logger
        self.gate = gate
    }

    @Sendable func respond(to request: HTTPRequest) async -> HTTPResponse {
        await request.answer(with: handle, logger: logger)
    }

    @Sendable private func handle(_ request: HTTPRequest) async throws -> HTTPResponse {
        do {
            let response = try await router.respond(to: request)
            // The router's own answer, which nothing has counted.
            guard request.method == .options, let gate else { return response }
            return try gate.counted(response, request)
        } catch {
            guard let problem = error as? Problem ?? Problem(from: error) else { throw error }
            throw gate?.counted(problem, request) ?? problem
        }
    }
}
