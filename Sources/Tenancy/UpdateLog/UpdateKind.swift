/// What kinds of update there are, as far as the platform must know: how they are ordered, and how long they
/// are worth anything (Bot API server, `telegram-bot-api/Client.cpp`). A kind not listed is as good as any other.
enum UpdateKind {
    /// Ours, not Telegram's: a message that the platform answers itself. No consumer gets it.
    static let adminCommand = "admin_command"

    /// Whose order Telegram keeps: updates with the same key are sent one after the other.
    enum Ordering {
        /// By the chat alone: these kinds share a lane.
        case chat
        /// By the poll alone.
        case poll
        case kindAndUser
        case kindAndChat
    }

    static func ordering(of kind: String) -> Ordering? {
        switch kind {
        case "message", "edited_message", "channel_post", "edited_channel_post": .chat
        case "poll", "poll_answer": .poll
        case "inline_query", "chosen_inline_result", "callback_query", "shipping_query", "pre_checkout_query",
            "chat_member", "chat_join_request", "business_connection", "purchased_paid_media", "managed_bot":
            .kindAndUser
        case "my_chat_member", "chat_boost", "removed_chat_boost", "message_reaction",
            "message_reaction_count",
            "business_message", "edited_business_message", "deleted_business_messages", "guest_message":
            .kindAndChat
        default: nil
        }
    }

    /// How long after the event an answer still counts; nil for kinds that keep for a day or more.
    static func timeToLive(of kind: String) -> Duration? {
        switch kind {
        case "inline_query": .seconds(30)
        case "callback_query", "shipping_query", "pre_checkout_query": .seconds(150)
        case "chosen_inline_result": .seconds(600)
        default: nil
        }
    }
}
