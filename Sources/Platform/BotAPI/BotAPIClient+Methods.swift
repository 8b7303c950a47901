extension BotAPIClient {
    /// A simple test of a token.
    nonisolated(nonsending) package func getMe(token: BotToken) async throws -> BotProfile {
        try await call("getMe", token: token).decode()
    }

    /// - Returns: Telegram's word on it: `Webhook was set` or `Webhook is already set`.
    @discardableResult
    nonisolated(nonsending) package func setWebhook(
        _ settings: WebhookSettings, token: BotToken
    ) async throws -> String {
        try await call("setWebhook", encoding: settings, token: token).remark()
    }

    @discardableResult
    nonisolated(nonsending) package func deleteWebhook(
        dropPendingUpdates: Bool = false, token: BotToken
    ) async throws -> String {
        try await call(
            "deleteWebhook", encoding: DeleteWebhook(dropPendingUpdates: dropPendingUpdates), token: token
        ).remark()
    }

    nonisolated(nonsending) package func getWebhookInfo(token: BotToken) async throws -> WebhookInfo {
        try await call("getWebhookInfo", token: token).decode()
    }

    /// Waits for updates (long polling). An update is confirmed by asking with an offset above its id.
    /// - Parameters:
    ///   - wait: at most 50 s, in whole seconds; the call itself may take ten seconds more.
    ///   - allowedUpdates: nil keeps what was set before; empty means Telegram's default.
    nonisolated(nonsending) package func getUpdates(
        offset: Int64?, limit: Int = 100, wait: Duration, allowedUpdates: [String]? = nil, token: BotToken
    ) async throws -> [ReceivedUpdate] {
        let parameters = GetUpdates(
            offset: offset, limit: limit, timeout: Int(wait.components.seconds),
            allowedUpdates: allowedUpdates)
        // A hundred updates of the largest size seen are 3 MB.
        let result = try await call(
            "getUpdates", encoding: parameters, token: token, timeout: wait + .seconds(10),
            responseLimit: 16_777_216)
        let heads = try result.decode([UpdateHead].self)
        let payloads = try result.elements()
        guard heads.count == payloads.count else {
            throw HTTPClientError.invalidResponse("the result is not as documented")
        }
        return zip(heads, payloads).map { ReceivedUpdate(updateID: $0.updateID, payload: $1) }
    }

    private struct DeleteWebhook: Encodable { let dropPendingUpdates: Bool }

    private struct GetUpdates: Encodable {
        let offset: Int64?
        let limit: Int
        let timeout: Int
        let allowedUpdates: [String]?
    }

    private struct UpdateHead: Decodable {
        let updateID: Int64
        private enum CodingKeys: String, CodingKey { case updateID = "update_id" }
    }
}
