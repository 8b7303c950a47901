/// The Bot API's answer when it did not do what was asked.
package struct BotAPIError: Error, Equatable, Sendable, CustomStringConvertible {
    /// As HTTP has them: 401 wrong token, 403 blocked by the user, 409 conflict, 429 too many requests.
    package let code: Int
    /// Telegram's words: `Bad Request: chat not found`.
    package let message: String
    /// How long to wait after a 429.
    package let retryAfter: Duration?
    /// The group became a supergroup with this id.
    package let migrateToChatID: Int64?

    package init(code: Int, message: String, retryAfter: Duration? = nil, migrateToChatID: Int64? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.migrateToChatID = migrateToChatID
    }

    /// As Telegram answers to a bot that it has asked to wait.
    package init(heldFor wait: Duration) {
        let seconds = max(1, Int(wait.seconds.rounded(.up)))
        self.init(
            code: 429, message: "Too Many Requests: retry after \(seconds)", retryAfter: .seconds(seconds))
    }

    package var description: String { "\(code) \(message)" }
}
