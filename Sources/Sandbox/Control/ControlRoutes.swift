import Platform

/// `/sandbox/…`: the users' side, what the bots did, and faults. JSON in and out, errors as problem+json.
struct ControlRoutes: Sendable {
    private let sandbox: Sandbox
    private let router: HTTPRouter

    init(_ sandbox: Sandbox) {
        self.sandbox = sandbox
        let handlers = ControlHandlers(sandbox: sandbox)
        let faults = FaultHandlers(sandbox: sandbox)
        let bot = "/sandbox/bots/{telegram_id}"
        router = HTTPRouter([
            HTTPRoute(.post, "/sandbox/bots", handlers.addBot),
            HTTPRoute(.get, "/sandbox/bots", handlers.listBots),
            HTTPRoute(.get, bot, handlers.showBot),
            HTTPRoute(.delete, bot, handlers.removeBot),
            HTTPRoute(.get, bot + "/state", handlers.showState),
            HTTPRoute(.post, bot + "/messages", handlers.write),
            HTTPRoute(.post, bot + "/callbacks", handlers.press),
            HTTPRoute(.post, bot + "/updates", handlers.inject),
            HTTPRoute(.get, bot + "/calls", handlers.listCalls),
            HTTPRoute(.delete, bot + "/calls", handlers.forgetCalls),
            HTTPRoute(.post, bot + "/revoke", handlers.revokeToken),
            HTTPRoute(.get, bot + "/faults", faults.list),
            HTTPRoute(.put, bot + "/faults", faults.set),
            HTTPRoute(.delete, bot + "/faults", faults.clear),
            HTTPRoute(.put, bot + "/delivery-fault", faults.setDelivery),
            HTTPRoute(.delete, bot + "/delivery-fault", faults.clearDelivery),
            HTTPRoute(.post, bot + "/webhook", faults.setForeignWebhook),
            HTTPRoute(.put, bot + "/webhook-info", faults.overrideInfo),
            HTTPRoute(.delete, bot + "/webhook-info", faults.clearInfo),
            HTTPRoute(.get, "/sandbox/faults", faults.listOfAll),
            HTTPRoute(.put, "/sandbox/faults", faults.setOfAll),
            HTTPRoute(.delete, "/sandbox/faults", faults.clearOfAll),
            HTTPRoute(.put, "/sandbox/new-token-limit", faults.setNewTokenLimit),
            HTTPRoute(.delete, "/sandbox/new-token-limit", faults.clearNewTokenLimit),
            HTTPRoute(.get, "/sandbox/calls", handlers.listAllCalls),
            HTTPRoute(.get, "/sandbox/calls/counts", handlers.countCalls),
            HTTPRoute(.delete, "/sandbox/calls", handlers.forgetAllCalls),
        ])
    }

    /// - Throws: `Problem`
    func respond(to request: HTTPRequest) async throws -> HTTPResponse {
        do {
            return try await router.respond(to: request)
        } catch let error as SandboxError {
            throw error.problem
        }
    }
}

extension SandboxError {
    fileprivate var problem: Problem {
        switch self {
        case .noSuchBot: Problem.notFound
        case .botExists: Problem(409, "bot_exists", "A bot of this number has another token")
        case .tooManyBots: Problem(409, "too_many_bots", "The sandbox holds as many bots as it may")
        case .tooManyPendingUpdates:
            Problem(
                429, "too_many_pending_updates", "As many updates wait for this bot as may",
                headers: ["Retry-After": "1"])
        case .stopped: Problem.unavailable()
        case .invalid(let field, let detail):
            Problem(
                422, "invalid", "The request has faults",
                errors: [
                    Problem.FieldError(
                        pointer: field.isEmpty ? "" : "/" + field, code: "invalid", detail: detail)
                ])
        }
    }
}
