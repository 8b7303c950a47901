/// What a call of the Bot API is answered with: the envelope with `ok`.
struct BotAPIAnswer: Sendable, Equatable {
    let status: Int
    let body: JSON
    /// For the header of the same name, in seconds.
    var retryAfter: Int?

    /// - Parameter description: what setWebhook and deleteWebhook say beside the result.
    static func success(_ result: JSON, description: String? = nil) -> BotAPIAnswer {
        let body = JSON.members([
            "ok": true, "result": result, "description": description.map { .string($0) },
        ])
        return BotAPIAnswer(status: 200, body: body)
    }

    static func failure(_ error: BotAPIRefusal) -> BotAPIAnswer {
        var parameters: JSON?
        if let seconds = error.retryAfter {
            parameters = ["retry_after": .integer(seconds)]
        } else if let chat = error.migrateToChat {
            parameters = ["migrate_to_chat_id": .integer(chat)]
        }
        let body = JSON.members([
            "ok": false, "error_code": .integer(error.status), "description": .string(error.description),
            "parameters": parameters,
        ])
        return BotAPIAnswer(status: error.status, body: body, retryAfter: error.retryAfter)
    }
}
