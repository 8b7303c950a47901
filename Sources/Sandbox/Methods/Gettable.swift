/// What the get methods give, but for those that have a file of their own.
enum Gettable {
    static func result(
        of name: String, for bot: SandboxBot, _ parameters: CallParameters
    ) throws(BotAPIRefusal) -> JSON {
        if let setting = bot.settings.result(ofGetting: String(name.dropFirst(3))) { return setting }
        switch name {
        case "getfile":
            guard let id = parameters.string("file_id"), !id.isEmpty else {
                throw .badRequest("file_id not specified")
            }
            return [
                "file_id": .string(id), "file_unique_id": .string("unique-\(id)"), "file_size": 14,
                "file_path": .string("documents/\(id)"),
            ]
        case "getchat": return try chat(of: bot, parameters)
        case "getchatmember":
            guard let user = parameters.integer("user_id") else {
                throw .badRequest("invalid user_id specified")
            }
            return ["status": "member", "user": person(user, bot)]
        case "getchatmembercount", "getchatmemberscount": return 2
        case "getuserprofilephotos": return ["total_count": 0, "photos": []]
        case "getbusinessconnection": throw .badRequest("business connection not found")
        case "getstickerset": throw .badRequest("STICKERSET_INVALID")
        case "getmystarbalance": return ["amount": 0]
        case "getstartransactions": return ["transactions": []]
        case "getuserchatboosts": return ["boosts": []]
        case "getavailablegifts": return ["gifts": []]
        case "getchatadministrators", "getgamehighscores", "getforumtopiciconstickers",
            "getcustomemojistickers":
            return []
        default: return true
        }
    }

    private static func chat(of bot: SandboxBot, _ parameters: CallParameters) throws(BotAPIRefusal) -> JSON {
        let chat = try BotMessages.chat(of: bot, parameters)
        return chat.adding([
            "accent_color_id": 0, "max_reaction_count": 11,
            "accepted_gift_types": [
                "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false,
                "premium_subscription": false, "gifts_from_channels": false,
            ],
        ])
    }

    private static func person(_ id: Int64, _ bot: SandboxBot) -> JSON {
        ["id": .integer(id), "is_bot": false, "first_name": .string(bot.chats[id].firstName ?? "User \(id)")]
    }
}
