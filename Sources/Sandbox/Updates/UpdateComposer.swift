import Platform

/// Makes the content of updates as a user's doings bring them about.
struct UpdateComposer {
    let bot: SandboxBotProfile
    let now: Timestamp

    func user(_ id: Int64, firstName: String) -> JSON {
        ["id": .integer(id), "is_bot": false, "first_name": .string(firstName), "language_code": "en"]
    }

    /// Below zero it is a group, else the private chat with the user of this id.
    func chat(_ id: Int64, firstName: String) -> JSON {
        id < 0
            ? ["id": .integer(id), "title": .string("Group \(-id)"), "type": "supergroup"]
            : ["id": .integer(id), "first_name": .string(firstName), "type": "private"]
    }

    func message(_ id: Int64, text: String, from user: JSON, in chat: JSON) -> JSON {
        JSON.members([
            "message_id": .integer(id), "from": user, "chat": chat, "date": .integer(now.secondsSince1970),
            "text": .string(text), "entities": command(in: text),
        ])
    }

    /// - Parameter message: the one whose button is pressed.
    func callbackQuery(_ id: String, data: String, from user: JSON, on message: JSON, chat: Int64) -> JSON {
        [
            "id": .string(id), "from": user, "message": message,
            "chat_instance": .string(String(-chat &* 7919)),
            "data": .string(data),
        ]
    }

    /// The bot as a user.
    var botUser: JSON {
        [
            "id": .integer(bot.telegramID), "is_bot": true, "first_name": .string(bot.firstName),
            "username": .string(bot.username),
        ]
    }

    /// `/start` at the beginning is a command; lengths count UTF-16 code units.
    private func command(in text: String) -> JSON? {
        guard text.hasPrefix("/") else { return nil }
        let word = text.prefix { !$0.isWhitespace }
        guard word.utf16.count > 1 else { return nil }
        return [["type": "bot_command", "offset": 0, "length": .integer(word.utf16.count)]]
    }
}
