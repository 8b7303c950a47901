/// Updates that Telegram sends one after another: those of a chat, of a poll, or of a user and a kind.
struct Lane: Hashable, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
