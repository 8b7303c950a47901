import Platform

/// `/bot<token>/<method>`, `/bot<token>/test/<method>` and `/file/bot<token>/<path>`, as api.telegram.org has
/// them. Every answer is the Bot API's envelope, but for a file.
struct BotRoutes: Sendable {
    private let sandbox: Sandbox

    init(_ sandbox: Sandbox) { self.sandbox = sandbox }

    static func matches(_ path: String) -> Bool { path.hasPrefix("/bot") || path.hasPrefix("/file/bot") }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        if request.path.hasPrefix("/file/") { return await file(request) }
        let answer = await answer(request)
        var response = HTTPResponse.json(answer.status, answer.body.bytes)
        if let seconds = answer.retryAfter { response.headers["Retry-After"] = String(seconds) }
        return response
    }

    private func answer(_ request: HTTPRequest) async -> BotAPIAnswer {
        var segments = request.path.dropFirst("/bot".count).split(
            separator: "/", omittingEmptySubsequences: false)
        if segments.count == 3, segments[1] == "test" { segments.remove(at: 1) }
        guard segments.count == 2 else { return .failure(.notFound) }
        guard request.method == .get || request.method == .post else {
            return .failure(BotAPIRefusal(status: 405, description: "Method Not Allowed"))
        }
        do throws(BotAPIRefusal) {
            let parameters = try CallParameters(
                query: request.query, contentType: request.headers["Content-Type"], body: request.body)
            return await sandbox.call(
                String(segments[1]), token: String(segments[0]), parameters, from: request.client)
        } catch {
            return .failure(error)
        }
    }

    /// Every file of a bot that is known has the same few bytes.
    private func file(_ request: HTTPRequest) async -> HTTPResponse {
        let rest = request.path.dropFirst("/file/bot".count)
        let token = rest.prefix { $0 != "/" }
        guard await sandbox.knows(token: String(token)), rest.count > token.count + 1 else {
            return .json(404, BotAPIAnswer.failure(.notFound).body.bytes)
        }
        return .text("A sandbox file", type: "application/octet-stream")
    }
}
