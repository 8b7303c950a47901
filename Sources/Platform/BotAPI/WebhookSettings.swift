/// What setWebhook takes. nil leaves a parameter out.
package struct WebhookSettings: Sendable, Encodable {
    package var url: String
    /// Comes back in `X-Telegram-Bot-Api-Secret-Token`: 1–256 of `A-Za-z0-9_-`.
    package var secretToken: String?
    /// 1–100, Telegram's default is 40.
    package var maxConnections: Int?
    /// nil keeps what was set before; empty means Telegram's default.
    package var allowedUpdates: [String]?
    package var dropPendingUpdates: Bool?
    package var ipAddress: String?

    package init(
        url: String, secretToken: String? = nil, maxConnections: Int? = nil, allowedUpdates: [String]? = nil,
        dropPendingUpdates: Bool? = nil, ipAddress: String? = nil
    ) {
        self.url = url
        self.secretToken = secretToken
        self.maxConnections = maxConnections
        self.allowedUpdates = allowedUpdates
        self.dropPendingUpdates = dropPendingUpdates
        self.ipAddress = ipAddress
    }
}
