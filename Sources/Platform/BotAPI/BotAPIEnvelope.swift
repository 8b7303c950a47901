/// What is around every answer of the Bot API (core.telegram.org/bots/api#making-requests), the result left out.
struct BotAPIEnvelope: Decodable {
    struct Parameters: Decodable {
        /// Seconds.
        let retryAfter: Int?
        let migrateToChatID: Int64?

        private enum CodingKeys: String, CodingKey {
            case retryAfter = "retry_after"
            case migrateToChatID = "migrate_to_chat_id"
        }
    }

    let ok: Bool
    let errorCode: Int?
    let description: String?
    let parameters: Parameters?

    private enum CodingKeys: String, CodingKey {
        case ok
        case errorCode = "error_code"
        case description
        case parameters
    }
}
