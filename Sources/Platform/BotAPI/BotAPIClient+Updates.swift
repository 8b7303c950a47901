import FoundationEssentials

extension BotAPIClient {
    /// Waits for updates (long polling). An update is confirmed by asking with an offset above its id.
    ///
    /// It asks by GET: a request without a body takes libcurl less memory while it waits, and thousands wait.
    /// - Parameters:
    ///   - offset: nil for the oldest that has not been confirmed.
    ///   - wait: at most 50 s, in whole seconds; the call itself may take ten seconds more.
    ///   - allowedUpdates: nil keeps what was set before; empty means Telegram's default.
    ///   - responseLimit: bytes of the answer. A hundred updates of the largest size seen are 3 MB.
    /// - Throws: `BotAPIError`, `HTTPClientError`; `.answerTooLarge` calls for a smaller `limit`.
    package func getUpdates(
        offset: Int64?, limit: Int = 100, wait: Duration, allowedUpdates: [String]? = nil, token: BotToken,
        responseLimit: Int = 16_777_216
    ) async throws -> [ReceivedUpdate] {
        var query = "limit=\(limit)&timeout=\(wait.components.seconds)"
        if let offset { query += "&offset=\(offset)" }
        if let allowedUpdates {
            let names = String(decoding: try JSONEncoder().encode(allowedUpdates), as: UTF8.self)
            query += "&allowed_updates=\(PercentEncoding.encode(names))"
        }
        let result = try await send(
            HTTPClientRequest(
                method: "GET", url: "\(url(of: "getUpdates", token))?\(query)", timeout: wait + .seconds(10),
                responseLimit: responseLimit),
            token: token)
        return try result.elements().map { payload in
            guard let update = ReceivedUpdate(payload: payload) else {
                throw HTTPClientError.invalidResponse("the result is not as documented")
            }
            return update
        }
    }
}
