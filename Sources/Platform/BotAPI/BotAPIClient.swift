import FoundationEssentials

/// Calls Telegram's Bot API (core.telegram.org/bots/api), or a stand-in for it, over one loop's HTTP client.
///
/// Calls throw `BotAPIError` when Telegram refuses and `HTTPClientError` when there is no (whole) answer. Neither
/// contains the token, which is part of every URL. A bot that Telegram has asked to wait is not called before: the call
/// fails at once, with the rest of the wait, as Telegram would have it fail.
package struct BotAPIClient: Sendable {
    private let client: HTTPClient
    private let baseURL: String
    private let holds: BotHolds

    /// - Parameters:
    ///   - baseURL: `https://api.telegram.org`; what comes before `/bot<token>/`.
    ///   - holds: shared by all clients of a node.
    package init(client: HTTPClient, baseURL: String, holds: BotHolds = BotHolds()) {
        self.holds = holds
        self.client = client
        self.baseURL = String(baseURL.reversed().drop { $0 == "/" }.reversed())
    }

    /// Calls any method.
    /// - Parameters:
    ///   - method: as documented, `sendMessage`; anything but letters and digits is refused as unknown.
    ///   - parameters: a JSON object.
    ///   - responseLimit: bytes of the answer; a longer one is an error.
    package func call(
        _ method: String, _ parameters: [UInt8] = Array("{}".utf8), token: BotToken,
        timeout: Duration = .seconds(20),
        responseLimit: Int = 1_048_576
    ) async throws -> BotAPIResult {
        guard Self.isMethod(method) else {
            throw BotAPIError(code: 404, message: "Not Found: method not found")
        }
        return try await send(
            HTTPClientRequest(
                url: url(of: method, token), headers: [("Content-Type", "application/json")],
                body: parameters, timeout: timeout, responseLimit: responseLimit),
            token: token)
    }

    /// Holds the token.
    func url(of method: String, _ token: BotToken) -> String { "\(baseURL)/bot\(token.secret)/\(method)" }

    func send(_ request: HTTPClientRequest, token: BotToken) async throws
        -> BotAPIResult
    {
        if let wait = holds.wait(of: token) { throw BotAPIError(heldFor: wait) }
        let response = try await client.send(request)
        guard !response.isTruncated else { throw HTTPClientError.answerTooLarge }
        let envelope = try? JSONDecoder().decode(BotAPIEnvelope.self, from: Data(response.body))
        if let envelope, envelope.ok, (200..<300).contains(response.status) {
            return BotAPIResult(body: response.body)
        }
        let error = Self.error(response, envelope, token)
        if error.code == 429, let wait = error.retryAfter { holds.hold(token, for: wait) }
        throw error
    }

    /// The same with parameters of a type, whose names are turned into Telegram's (`secretToken` is `secret_token`).
    package func call(
        _ method: String, encoding parameters: some Encodable, token: BotToken,
        timeout: Duration = .seconds(20),
        responseLimit: Int = 1_048_576
    ) async throws -> BotAPIResult {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let encoded = Array(try encoder.encode(parameters))
        return try await call(method, encoded, token: token, timeout: timeout, responseLimit: responseLimit)
    }

    private static func error(_ response: HTTPClientResponse, _ envelope: BotAPIEnvelope?, _ token: BotToken)
        -> BotAPIError
    {
        // A proxy in between answers in its own form: its status has to do.
        let wait = envelope?.parameters?.retryAfter ?? response.header("Retry-After").flatMap { Int($0) }
        let message = envelope?.description ?? "the answer is not the Bot API's (HTTP \(response.status))"
        return BotAPIError(
            code: envelope?.errorCode ?? response.status,
            message: message.replacing(token.secret, with: SecretMask.placeholder),
            retryAfter: wait.map { .seconds(max(0, $0)) },
            migrateToChatID: envelope?.parameters?.migrateToChatID)
    }

    private static func isMethod(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: false
                }
            }
    }
}
