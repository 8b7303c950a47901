/// The chats in which a bot has been seen, with what was last said there by the bot. At most `limit` are
/// kept.
struct SandboxChats {
    struct Chat {
        var firstName: String?
        /// The whole Message.
        var lastFromBot: JSON?
    }

    private var chats: [Int64: Chat] = [:]
    private static let limit = 100_000

    subscript(id: Int64) -> Chat { chats[id] ?? Chat() }

    mutating func met(_ firstName: String, in id: Int64) {
        chats[room(for: id), default: Chat()].firstName = firstName
    }

    mutating func said(_ message: JSON, in id: Int64) {
        chats[room(for: id), default: Chat()].lastFromBot = message
    }

    private mutating func room(for id: Int64) -> Int64 {
        if chats.count >= Self.limit && chats[id] == nil, let other = chats.first?.key { chats[other] = nil }
        return id
    }
}
