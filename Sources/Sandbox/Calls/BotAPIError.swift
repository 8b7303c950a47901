/// An error as Telegram words it. The description goes to the client as it stands.
struct BotAPIError: Error, Equatable {
    let status: Int
    let description: String
    /// Seconds.
    var retryAfter: Int?
    var migrateToChat: Int64?

    static let unauthorized = BotAPIError(status: 401, description: "Unauthorized")
    static let notFound = BotAPIError(status: 404, description: "Not Found")
    static let methodNotFound = BotAPIError(status: 404, description: "Not Found: method not found")

    static func badRequest(_ reason: String) -> BotAPIError {
        BotAPIError(status: 400, description: "Bad Request: " + reason)
    }

    static func badWebhook(_ reason: String) -> BotAPIError { badRequest("bad webhook: " + reason) }

    static func tooManyRequests(retryAfter seconds: Int) -> BotAPIError {
        BotAPIError(
            status: 429, description: "Too Many Requests: retry after \(seconds)", retryAfter: seconds)
    }

    static func conflict(_ reason: String) -> BotAPIError {
        BotAPIError(status: 409, description: "Conflict: " + reason)
    }
}

extension BotAPIError {
    static let webhookIsActive = conflict(
        "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
    static let otherGetUpdates = conflict(
        "terminated by other getUpdates request; make sure that only one bot instance is running")
    static let terminatedBySetWebhook = conflict("terminated by setWebhook request")
}
