/// What getMe tells of a bot.
package struct BotProfile: Sendable, Equatable, Decodable {
    /// The bot's user id at Telegram.
    package let telegramID: Int64
    package let name: String
    /// Without `@`.
    package let username: String?
    /// Whether it sees all messages of its groups (privacy mode off).
    package let canReadAllGroupMessages: Bool?
    package let supportsInlineQueries: Bool?

    private enum CodingKeys: String, CodingKey {
        case telegramID = "id"
        case name = "first_name"
        case username
        case canReadAllGroupMessages = "can_read_all_group_messages"
        case supportsInlineQueries = "supports_inline_queries"
    }
}
