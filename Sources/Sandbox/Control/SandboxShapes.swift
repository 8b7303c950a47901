/// What the control side shows.
extension SandboxBotProfile {
    var json: JSON {
        [
            "telegram_id": .integer(telegramID), "token": .string(token), "username": .string(username),
            "first_name": .string(firstName),
        ]
    }
}

extension Sandbox.Happening {
    var json: JSON {
        .members([
            "update_id": .integer(updateID), "allowed": .bool(isAllowed), "lane": .string(lane),
            "message_id": messageID.map { .integer($0) },
            "callback_query_id": callbackQueryID.map { .string($0) },
        ])
    }
}
