/// What an update is about: the name of its one field beside `update_id` (Bot API, "Update").
struct UpdateKind: Hashable, Sendable {
    let name: String

    /// By whose id a lane goes, and where in the update's content that id stands.
    private enum Place {
        /// One lane for all kinds of this chat.
        case chat
        /// One lane for all kinds of this poll; the path differs.
        case poll(String)
        /// A lane of this group of kinds alone.
        case own(String, [String])
    }

    private struct Traits {
        let place: Place
        var secondsToLive = 86_400
        var isDefault = true
    }

    private static let byUser = ["from", "id"]
    private static let byChat = ["chat", "id"]

    private static let known: [(name: String, traits: Traits)] = [
        ("message", Traits(place: .chat)),
        ("edited_message", Traits(place: .chat)),
        ("channel_post", Traits(place: .chat)),
        ("edited_channel_post", Traits(place: .chat)),
        ("business_connection", Traits(place: .own("business_connection", ["user", "id"]))),
        ("business_message", Traits(place: .own("business_message", byChat))),
        ("edited_business_message", Traits(place: .own("business_message", byChat))),
        ("deleted_business_messages", Traits(place: .own("business_message", byChat))),
        ("guest_message", Traits(place: .own("guest_message", byChat))),
        ("message_reaction", Traits(place: .own("message_reaction", byChat), isDefault: false)),
        ("message_reaction_count", Traits(place: .own("message_reaction_count", byChat), isDefault: false)),
        ("inline_query", Traits(place: .own("inline_query", byUser), secondsToLive: 30)),
        ("chosen_inline_result", Traits(place: .own("chosen_inline_result", byUser), secondsToLive: 600)),
        ("callback_query", Traits(place: .own("callback_query", byUser), secondsToLive: 150)),
        ("shipping_query", Traits(place: .own("payment_query", byUser), secondsToLive: 150)),
        ("pre_checkout_query", Traits(place: .own("payment_query", byUser), secondsToLive: 150)),
        ("purchased_paid_media", Traits(place: .own("purchased_paid_media", byUser))),
        ("poll", Traits(place: .poll("id"))),
        ("poll_answer", Traits(place: .poll("poll_id"))),
        ("my_chat_member", Traits(place: .own("my_chat_member", byChat))),
        ("chat_member", Traits(place: .own("chat_member", byUser), isDefault: false)),
        ("chat_join_request", Traits(place: .own("chat_join_request", byUser))),
        ("chat_boost", Traits(place: .own("chat_boost", byChat))),
        ("removed_chat_boost", Traits(place: .own("chat_boost", byChat))),
        ("managed_bot", Traits(place: .own("managed_bot", ["user", "id"]))),
        ("subscription", Traits(place: .own("subscription", ["user", "id"]))),
        ("stopped_message_generation", Traits(place: .own("stopped_message_generation", byChat))),
    ]

    private static let traits = Dictionary(uniqueKeysWithValues: known.map { ($0.name, $0.traits) })

    /// In the order of the Bot API's documentation.
    static let all = known.map { UpdateKind(name: $0.name) }

    /// What a bot gets that never named its `allowed_updates`.
    static let defaults = Set(known.filter(\.traits.isDefault).map { UpdateKind(name: $0.name) })

    var isKnown: Bool { Self.traits[name] != nil }

    /// After so long an update that was not delivered is dropped.
    var timeToLive: Duration { .seconds(Self.traits[name]?.secondsToLive ?? 86_400) }

    /// The lane of an update of this kind with this content. A kind that is not known, or content without the
    /// id expected, goes by whatever chat or user is found, else by the kind alone.
    func lane(of content: JSON) -> Lane {
        switch Self.traits[name]?.place {
        case .chat:
            if let id = content.identifier(at: Self.byChat) { return Lane("chat:\(id)") }
        case .poll(let field):
            if let id = content.identifier(at: [field]) { return Lane("poll:\(id)") }
        case .own(let group, let path):
            if let id = content.identifier(at: path) { return Lane("\(group):\(id)") }
        case nil: break
        }
        let found = [Self.byChat, Self.byUser, ["user", "id"]].lazy.compactMap { content.identifier(at: $0) }
            .first
        return Lane(found.map { "\(name):\($0)" } ?? name)
    }
}

extension JSON {
    /// The number or text at the end of `path`.
    fileprivate func identifier(at path: [String]) -> String? {
        var value: JSON? = self
        for name in path { value = value?[name] }
        return value?.integerValue.map(String.init) ?? value?.stringValue
    }
}
