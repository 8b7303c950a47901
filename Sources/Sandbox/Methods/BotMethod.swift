import Platform

/// A method of the Bot API, by its name. Names are compared without regard to case.
///
/// Telegram adds methods with each version, so a name that begins with a verb the Bot API uses is taken for
/// one and answered with true; any other is not found.
struct BotMethod {
    /// In lower case.
    let name: String

    private static let verbs = [
        "add", "answer", "approve", "ban", "close", "convert", "copy", "create", "decline", "delete", "edit",
        "export", "forward", "get", "gift", "hide", "leave", "logout", "pin", "post", "promote", "read",
        "refund",
        "remove", "reopen", "replace", "repost", "restrict", "revoke", "save", "send", "set", "stop",
        "transfer",
        "unban", "unhide", "unpin", "upgrade", "upload", "verify",
    ]
    private static let withoutObject: Set = ["close", "logout"]

    init?(_ text: String) {
        let lowered = text.lowercased()
        guard lowered.utf8.count <= 64, lowered.utf8.allSatisfy({ (0x61...0x7A).contains($0) }),
            let verb = Self.verbs.first(where: lowered.hasPrefix),
            lowered.utf8.count > verb.utf8.count || Self.withoutObject.contains(lowered)
        else { return nil }
        name = lowered
    }

    /// What Telegram could answer; true where nothing better is known.
    /// - Throws: `BotAPIRefusal` for what Telegram would refuse.
    func result(for bot: SandboxBot, _ parameters: CallParameters, at now: Timestamp) throws(BotAPIRefusal)
        -> JSON
    {
        if name == "getme" { return Self.user(of: bot) }
        if name.hasPrefix("get") { return try Gettable.result(of: name, for: bot, parameters) }
        if let content = MessageContent(method: name) {
            return try BotMessages(bot: bot, now: now).send(content, parameters)
        }
        switch name {
        case "sendmediagroup": return try BotMessages(bot: bot, now: now).sendGroup(parameters)
        case "copymessage", "copymessages", "forwardmessages":
            return try BotMessages(bot: bot, now: now).copy(parameters, isOne: name == "copymessage")
        case "stoppoll": return MessageContent.poll(parameters, isClosed: true)
        case _ where name.hasPrefix("edit") || name == "stopmessagelivelocation" || name == "setgamescore":
            return try BotMessages(bot: bot, now: now).edit(parameters)
        case "exportchatinvitelink": return "https://t.me/+sandbox"
        case "createinvoicelink": return "https://t.me/$sandbox"
        case "createchatinvitelink", "createchatsubscriptioninvitelink", "revokechatinvitelink":
            return Self.inviteLink(of: bot, parameters)
        case "createforumtopic":
            return [
                "message_thread_id": .integer(bot.takeMessageID()),
                "name": .string(parameters.string("name") ?? "Topic"), "icon_color": 7_322_096,
            ]
        case "uploadstickerfile": return MessageContent.file(bot.takeMessageID(), ["file_size": 1024])
        case "answerwebappquery": return ["inline_message_id": .string("sandbox-\(bot.takeMessageID())")]
        case "savepreparedinlinemessage":
            return [
                "id": .string("sandbox-\(bot.takeMessageID())"),
                "expiration_date": .integer(now.secondsSince1970 + 86_400),
            ]
        case _ where name.hasPrefix("set"): bot.settings.set(String(name.dropFirst(3)), from: parameters)
        case _ where name.hasPrefix("delete"): bot.settings.delete(String(name.dropFirst(6)))
        default: break
        }
        return true
    }

    private static func user(of bot: SandboxBot) -> JSON {
        UpdateComposer(bot: bot.profile, now: .now).botUser.adding([
            "can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": false,
            "can_connect_to_business": false, "has_main_web_app": false,
        ])
    }

    private static func inviteLink(of bot: SandboxBot, _ parameters: CallParameters) -> JSON {
        .members([
            "invite_link": .string(
                parameters.string("invite_link") ?? "https://t.me/+sandbox\(bot.takeMessageID())"),
            "creator": UpdateComposer(bot: bot.profile, now: .now).botUser, "creates_join_request": false,
            "is_primary": false, "is_revoked": false, "name": parameters["name"],
        ])
    }
}
