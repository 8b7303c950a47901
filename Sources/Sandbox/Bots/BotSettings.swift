/// What a bot has set about itself (setMyName, setMyCommands, …), so that the get method of the same name
/// gives it back.
struct BotSettings {
    private var values: [String: JSON] = [:]

    /// Setting to value and back: the method's name without `set` or `get`, in lower case, and the parameter.
    private static let parameters: [String: (parameter: String, isWrapped: Bool, unset: JSON)] = [
        "mycommands": ("commands", false, []),
        "myname": ("name", true, ""),
        "mydescription": ("description", true, ""),
        "myshortdescription": ("short_description", true, ""),
        "chatmenubutton": ("menu_button", false, ["type": "commands"]),
        "mydefaultadministratorrights": (
            "rights", false, .object(rights.map { JSON.Member(name: $0, value: false) })
        ),
    ]

    private static let rights = [
        "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
        "can_restrict_members",
        "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories",
        "can_delete_stories",
    ]

    /// - Returns: the result of a get method of these; nil for any other.
    func result(ofGetting name: String) -> JSON? {
        guard let setting = Self.parameters[name] else { return nil }
        let value = values[name] ?? setting.unset
        return setting.isWrapped ? .object([JSON.Member(name: setting.parameter, value: value)]) : value
    }

    mutating func set(_ name: String, from parameters: CallParameters) {
        guard let setting = Self.parameters[name] else { return }
        values[name] = parameters.structure(setting.parameter) ?? parameters[setting.parameter]
    }

    mutating func delete(_ name: String) { values[name] = nil }
}
