import Platform

/// The handlers behind `ControlRoutes`.
struct ControlHandlers: Sendable {
    let sandbox: Sandbox

    // MARK: Bots

    @Sendable func addBot(_ request: HTTPRequest) async throws -> HTTPResponse {
        var input = try ControlInput(request)
        let token = input.text("token")
        let username = input.text("username")
        let firstName = input.text("first_name")
        try input.finish()
        let profile = try await sandbox.addBot(token: token, username: username, firstName: firstName)
        var response = HTTPResponse.json(201, profile.json.bytes)
        response.headers["Location"] = "/sandbox/bots/\(profile.telegramID)"
        return response
    }

    /// In the order of their numbers: `?after=` that number, at most `?limit=` (1000).
    @Sendable func listBots(_ request: HTTPRequest) async throws -> HTTPResponse {
        let query = try ControlQuery(request, known: ["after", "limit"])
        let after = try query.integer("after", in: 0...Int.max) ?? 0
        let limit = try query.integer("limit", in: 1...10_000) ?? 1000
        let rest = await sandbox.profiles.filter { $0.telegramID > after }
        return .json(
            200,
            JSON.members([
                "bots": .array(rest.prefix(limit).map(\.json)), "has_more": .bool(rest.count > limit),
            ]).bytes)
    }

    @Sendable func showBot(_ request: HTTPRequest) async throws -> HTTPResponse {
        .json(200, try await sandbox.profile(of: id(request)).json.bytes)
    }

    @Sendable func removeBot(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await sandbox.removeBot(id(request))
        return HTTPResponse(status: 204)
    }

    @Sendable func revokeToken(_ request: HTTPRequest) async throws -> HTTPResponse {
        .json(200, try await sandbox.revokeToken(of: id(request)).json.bytes)
    }

    @Sendable func showState(_ request: HTTPRequest) async throws -> HTTPResponse {
        .json(200, try await sandbox.state(of: id(request)).bytes)
    }

    // MARK: Users

    @Sendable func write(_ request: HTTPRequest) async throws -> HTTPResponse {
        var input = try ControlInput(request)
        let text = input.requiredText("text")
        let user = input.integer("user_id", in: 1...Int64.max) ?? 1001
        let chat = input.integer("chat_id")
        let firstName = input.text("first_name")
        try input.finish()
        let happening = try await sandbox.write(
            text, to: id(request), user: user, chat: chat, firstName: firstName)
        return .json(201, happening.json.bytes)
    }

    @Sendable func press(_ request: HTTPRequest) async throws -> HTTPResponse {
        var input = try ControlInput(request)
        let data = input.requiredText("data")
        let user = input.integer("user_id", in: 1...Int64.max) ?? 1001
        let chat = input.integer("chat_id")
        let message = input.integer("message_id")
        try input.finish()
        let happening = try await sandbox.press(
            data, to: id(request), user: user, chat: chat, messageID: message)
        return .json(201, happening.json.bytes)
    }

    @Sendable func inject(_ request: HTTPRequest) async throws -> HTTPResponse {
        let update = try ControlInput.object(request.body)
        return .json(201, try await sandbox.inject(update, to: id(request)).json.bytes)
    }

    // MARK: Calls

    /// `?method=`, `?after=` a call's id, `?wait=` up to 20 s for the first one.
    @Sendable func listCalls(_ request: HTTPRequest) async throws -> HTTPResponse {
        let query = try ControlQuery(request, known: ["method", "after", "wait"])
        let after = try query.integer("after", in: 0...Int.max) ?? 0
        let wait = try query.integer("wait", in: 0...20) ?? 0
        let calls = try await sandbox.calls(
            of: id(request), method: query["method"], after: after, within: .seconds(wait))
        return .json(200, JSON.members(["calls": .array(calls.map(\.json))]).bytes)
    }

    @Sendable func forgetCalls(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await sandbox.forgetCalls(of: id(request))
        return HTTPResponse(status: 204)
    }

    /// Of all bots: `?method=`, `?after=` a call's id, at most `?limit=` (1000).
    @Sendable func listAllCalls(_ request: HTTPRequest) async throws -> HTTPResponse {
        let query = try ControlQuery(request, known: ["method", "after", "limit"])
        let after = try query.integer("after", in: 0...Int.max) ?? 0
        let limit = try query.integer("limit", in: 1...10_000) ?? 1000
        let calls = await sandbox.allCalls(method: query["method"], after: after)
        return .json(
            200,
            JSON.members([
                "calls": .array(calls.prefix(limit).map(\.json)), "has_more": .bool(calls.count > limit),
            ]).bytes)
    }

    /// How many calls there were, by method and then by status.
    @Sendable func countCalls(_ request: HTTPRequest) async throws -> HTTPResponse {
        let counts = await sandbox.ledger.counts.map { method, statuses in
            JSON.Member(
                name: method,
                value: .object(
                    statuses.sorted { $0.key < $1.key }.map {
                        JSON.Member(name: String($0.key), value: .integer($0.value))
                    }))
        }
        return .json(200, JSON.object(counts.sorted { $0.name < $1.name }).bytes)
    }

    @Sendable func forgetAllCalls(_ request: HTTPRequest) async throws -> HTTPResponse {
        await sandbox.forgetAllCalls()
        return HTTPResponse(status: 204)
    }

    private func id(_ request: HTTPRequest) throws -> Int64 { try request.telegramID() }
}

extension HTTPRequest {
    /// - Throws: `Problem` 404
    func telegramID() throws -> Int64 {
        guard let id = parameters["telegram_id"].flatMap({ Int64($0) }) else { throw Problem.notFound }
        return id
    }
}
