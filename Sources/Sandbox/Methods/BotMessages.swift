import Platform

/// Messages that a bot sends, copies and edits.
struct BotMessages {
    let bot: SandboxBot
    let now: Timestamp

    private var composer: UpdateComposer { UpdateComposer(bot: bot.profile, now: now) }

    /// - Throws: `BotAPIRefusal`
    func send(_ content: MessageContent, _ parameters: CallParameters) throws(BotAPIRefusal) -> JSON {
        let chat = try Self.chat(of: bot, parameters)
        let id = bot.takeMessageID()
        let fields = try content.fields(parameters, serial: id)
        return remember(message(id, chat, parameters, date: now).adding(fields), in: chat)
    }

    /// One Message for each item of `media`.
    func sendGroup(_ parameters: CallParameters) throws(BotAPIRefusal) -> JSON {
        let chat = try Self.chat(of: bot, parameters)
        guard let media = parameters.structure("media")?.arrayValue, !media.isEmpty else {
            throw .badRequest("group send failed")
        }
        let group = "\(now.microsecondsSince1970)"
        let messages = media.prefix(10).map { item in
            let id = bot.takeMessageID()
            return message(id, chat, parameters, date: now).adding([
                "media_group_id": .string(group),
                "photo": [MessageContent.file(id, ["width": 512, "height": 512])],
                "caption": item["caption"],
            ])
        }
        if let last = messages.last { bot.chats.said(last, in: chat["id"]?.integerValue ?? 0) }
        return .array(messages)
    }

    /// A MessageId, or an array of them.
    func copy(_ parameters: CallParameters, isOne: Bool) throws(BotAPIRefusal) -> JSON {
        _ = try Self.chat(of: bot, parameters)
        let count = isOne ? 1 : parameters.structure("message_ids")?.arrayValue?.count ?? 0
        guard (1...100).contains(count) else {
            throw .badRequest("there are no messages to \(isOne ? "copy" : "forward")")
        }
        let ids = (0..<count).map { _ in JSON.members(["message_id": .integer(bot.takeMessageID())]) }
        return isOne ? ids[0] : .array(ids)
    }

    /// The edited Message; true for inline messages and for what is no message (editForumTopic).
    func edit(_ parameters: CallParameters) throws(BotAPIRefusal) -> JSON {
        guard let id = parameters.integer("message_id"), parameters["inline_message_id"] == nil else {
            return true
        }
        let chat = try Self.chat(of: bot, parameters)
        let text = parameters["text"] == nil ? nil : JSON.string(try MessageContent.text(parameters))
        let edited = message(id, chat, parameters, date: now).adding([
            "edit_date": .integer(now.secondsSince1970), "text": text, "caption": parameters["caption"],
        ])
        return remember(edited, in: chat)
    }

    /// The chat that the call names.
    /// - Throws: what Telegram says when none is named.
    static func chat(of bot: SandboxBot, _ parameters: CallParameters) throws(BotAPIRefusal) -> JSON {
        guard let text = parameters.string("chat_id"), !text.isEmpty else {
            throw .badRequest("chat_id is empty")
        }
        if text.hasPrefix("@"), text.count > 1 {
            return [
                "id": -1_001_000_000_001, "title": .string(text),
                "username": .string(String(text.dropFirst())),
                "type": "channel",
            ]
        }
        guard let id = Int64(text), id != 0 else { throw .badRequest("chat not found") }
        let name = bot.chats[id].firstName ?? "User \(id)"
        return UpdateComposer(bot: bot.profile, now: .now).chat(id, firstName: name)
    }

    private func message(_ id: Int64, _ chat: JSON, _ parameters: CallParameters, date: Timestamp) -> JSON {
        let markup = parameters.structure("reply_markup")
        return .members([
            "message_id": .integer(id), "from": composer.botUser, "chat": chat,
            "date": .integer(date.secondsSince1970),
            "message_thread_id": parameters.integer("message_thread_id").map { .integer($0) },
            "reply_markup": markup?["inline_keyboard"] == nil ? nil : markup,
        ])
    }

    private func remember(_ message: JSON, in chat: JSON) -> JSON {
        if let id = chat["id"]?.integerValue { bot.chats.said(message, in: id) }
        return message
    }
}
