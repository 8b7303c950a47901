import Platform

/// What came of the Bot API call that a consumer's answer asked for, as kept with the attempt.
package struct ReplyOutcome: Sendable, Equatable {
    /// Bytes kept of what Telegram said.
    static let limit = 4096

    package let method: String
    /// Whether Telegram did it; nil when it was not asked to, as of a test.
    package let isOK: Bool?
    /// The beginning of what Telegram said, or why it was not asked.
    package let result: String

    /// - Parameter result: without secrets.
    init(_ method: String, isOK: Bool?, _ result: String) {
        self.method = String(method.prefix(DeliveryReply.longestMethod))
        self.isOK = isOK
        // PostgreSQL's text takes everything but this character.
        self.result = String(decoding: result.utf8.prefix(Self.limit), as: UTF8.self)
            .replacing("\0", with: "\u{FFFD}")
    }

    init(testing reply: DeliveryReply) {
        self.init(reply.method, isOK: nil, "not carried out, since this was a test")
    }

    init(refusing reply: DeliveryReply, because reason: String) {
        self.init(reply.method, isOK: false, "not carried out: \(reason)")
    }
}
