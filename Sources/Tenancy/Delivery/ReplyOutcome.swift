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
        self.method = Self.text(method, DeliveryReply.longestMethod)
        self.isOK = isOK
        self.result = Self.text(result, Self.limit)
    }

    /// PostgreSQL's text takes everything but NUL, and one row with it would keep all others of a batch out.
    private static func text(_ text: String, _ limit: Int) -> String {
        String(decoding: text.replacing("\0", with: "\u{FFFD}").utf8.prefix(limit), as: UTF8.self)
    }

    init(testing reply: DeliveryReply) {
        self.init(reply.method, isOK: nil, "not carried out, since this was a test")
    }

    init(refusing reply: DeliveryReply, because reason: String) {
        self.init(reply.method, isOK: false, "not carried out: \(reason)")
    }
}
