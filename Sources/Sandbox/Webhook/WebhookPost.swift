import Platform

/// One attempt at delivering an update.
struct WebhookRequest: Sendable {
    let url: String
    let secretToken: String?
    let body: [UInt8]
    let timeout: Duration
}

/// What a receiver answered.
struct WebhookAnswer: Sendable {
    let status: Int
    var contentType: String?
    /// Seconds; 0 without the header.
    var retryAfter = 0
    var body: [UInt8] = []

    var isSuccess: Bool { (200...299).contains(status) }
}

/// No answer came. The text is what getWebhookInfo shows.
struct WebhookFault: Error, Equatable {
    let message: String
}

/// Carries an attempt out. Throws `WebhookFault`.
typealias WebhookPost = @Sendable (WebhookRequest) async throws -> WebhookAnswer

/// The call that a receiver may make by the body of a 2xx answer.
struct WebhookCall {
    let method: String
    let parameters: CallParameters

    private static let ignored: Set = ["setwebhook", "deletewebhook", "close", "logout"]

    /// nil when the body is no call, or of a method that Telegram does not carry out this way.
    init?(_ answer: WebhookAnswer) {
        guard answer.isSuccess, !answer.body.isEmpty,
            let sent = try? CallParameters(query: nil, contentType: answer.contentType, body: answer.body),
            let method = sent.string("method"), !method.isEmpty
        else { return nil }
        let lowered = method.lowercased()
        guard !Self.ignored.contains(lowered), !lowered.hasPrefix("get") else { return nil }
        self.method = method
        guard case .object(let members) = sent.json else { return nil }
        parameters = CallParameters(members.filter { $0.name != "method" })
    }
}
