import Platform

@testable import Sandbox

/// A sandbox on a loop of its own with one bot. Deliveries come to `arrivals`, where the test answers them.
final class Fixture: Sendable {
    let loop: EventLoop
    let sandbox: Sandbox
    let bot: SandboxBotProfile
    let arrivals: Arrivals

    static let url = "http://127.0.0.1:8080/telegram"

    init(_ configuration: SandboxConfiguration = SandboxConfiguration()) async throws {
        loop = try EventLoop()
        try loop.start()
        arrivals = Arrivals()
        sandbox = Sandbox(loop: loop, configuration: configuration, post: arrivals.post)
        bot = try await sandbox.addBot(token: "42:secret", username: "test_bot", firstName: "Test")
    }

    deinit { loop.stop() }

    @discardableResult
    func call(_ method: String, _ parameters: JSON = [:]) async -> BotAPIAnswer {
        guard case .object(let members) = parameters else { return .failure(.notFound) }
        return await sandbox.call(method, token: bot.token, CallParameters(members))
    }

    @discardableResult
    func write(_ text: String, chat: Int64 = 1001) async throws -> Int64 {
        try await sandbox.write(text, to: bot.telegramID, user: 1001, chat: chat).updateID
    }

    func webhookInfo() async -> JSON { await call("getWebhookInfo").body["result"] ?? .null }
}

/// Deliveries in the order in which they were sent.
final class Arrivals: Sendable {
    struct Arrival: Sendable {
        let request: WebhookRequest
        private let continuation: CheckedContinuation<WebhookAnswer, any Error>

        init(_ request: WebhookRequest, _ continuation: CheckedContinuation<WebhookAnswer, any Error>) {
            self.request = request
            self.continuation = continuation
        }

        var update: JSON { (try? JSON(parsing: request.body)) ?? .null }
        var updateID: Int64? { update["update_id"]?.integerValue }
        var text: String? { update["message"]?["text"]?.stringValue }

        func answer(_ status: Int = 200, retryAfter: Int = 0, type: String? = nil, body: String = "") {
            continuation.resume(
                returning: WebhookAnswer(
                    status: status, contentType: type, retryAfter: retryAfter, body: Array(body.utf8)))
        }

        func fail(_ message: String) { continuation.resume(throwing: WebhookFault(message: message)) }
    }

    private let stream: AsyncStream<Arrival>
    private let continuation: AsyncStream<Arrival>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    var post: WebhookPost {
        { [continuation] request in
            try await withCheckedThrowingContinuation { answer in
                continuation.yield(Arrival(request, answer))
            }
        }
    }

    /// The next delivery; waits for it. The suite's time limit bounds the wait.
    func next() async throws -> Arrival {
        for await arrival in stream { return arrival }
        throw CancellationError()
    }
}
