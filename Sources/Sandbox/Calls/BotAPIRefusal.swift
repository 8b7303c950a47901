/// An error as Telegram words it. The description goes to the client as it stands.
struct BotAPIRefusal: Error, Equatable {
    let status: Int
    let description: String
    /// Seconds.
    var retryAfter: Int?
    var migrateToChat: Int64?

    static let unauthorized = BotAPIRefusal(status: 401, description: "Unauthorized")
    static let notFound = BotAPIRefusal(status: 404, description: "Not Found")
    static let methodNotFound = BotAPIRefusal(status: 404, description: "Not Found: method not found")

    static func badRequest(_ reason: String) -> BotAPIRefusal {
        BotAPIRefusal(status: 400, description: "Bad Request: " + reason)
    }

    static func badWebhook(_ reason: String) -> BotAPIRefusal { badRequest("bad webhook: " + reason) }

    static func tooManyRequests(retryAfter seconds: Int) -> BotAPIRefusal {
        BotAPIRefusal(
            status: 429, description: "Too Many Requests: retry after \(seconds)", retryAfter: seconds)
    }

    static func conflict(_ reason: String) -> BotAPIRefusal {
        BotAPIRefusal(status: 409, description: "Conflict: " + reason)
    }
}

extension BotAPIRefusal {
    static let webhookIsActive = conflict(
        "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
    static let otherGetUpdates = conflict(
        "terminated by other getUpdates request; make sure that only one bot instance is running")
    static let terminatedBySetWebhook = conflict("terminated by setWebhook request")
}
