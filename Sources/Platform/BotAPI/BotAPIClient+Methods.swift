extension BotAPIClient {
    /// A simple test of a token.
    package func getMe(token: BotToken) async throws -> BotProfile {
        try await call("getMe", token: token).decode()
    }

    /// - Returns: Telegram's word on it: `Webhook was set` or `Webhook is already set`.
    @discardableResult
    package func setWebhook(
        _ settings: WebhookSettings, token: BotToken
    ) async throws -> String {
        try await call("setWebhook", encoding: settings, token: token).remark()
    }

    @discardableResult
    package func deleteWebhook(
        dropPendingUpdates: Bool = false, token: BotToken
    ) async throws -> String {
        try await call(
            "deleteWebhook", encoding: DeleteWebhook(dropPendingUpdates: dropPendingUpdates), token: token
        ).remark()
    }

    package func getWebhookInfo(token: BotToken) async throws -> WebhookInfo {
        try await call("getWebhookInfo", token: token).decode()
    }

    private struct DeleteWebhook: Encodable { let dropPendingUpdates: Bool }
}
