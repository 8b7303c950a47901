import Platform

/// Sends a push consumer something to look at: an update that Telegram never sent and no log holds.
package struct ConsumerTester: Sendable {
    private let sender: DeliverySender

    /// - Parameters:
    ///   - client: of the loop that `send` is called on, with the guard of deliveries.
    ///   - logger: told what is not for the tenant to know.
    package init(client: HTTPClient, logger: Logger) {
        sender = DeliverySender(client: client, logger: logger)
    }

    /// What came of it. Never throws: whatever goes wrong is told in the outcome's `error`.
    package func send(to target: PushTarget) async -> ConsumerTest {
        let attempt = await sender.sendTest(to: target)
        guard let attempt else {
            return ConsumerTest(
                duration: .zero, error: "it was not sent: too many requests are under way to this endpoint",
                at: .now)
        }
        return ConsumerTest(
            statusCode: attempt.statusCode, duration: attempt.duration, error: attempt.error,
            response: attempt.response, reply: attempt.reply.map { ReplyOutcome(testing: $0) }, at: attempt.at
        )
    }
}

/// What an endpoint answered to a test.
package struct ConsumerTest: Sendable {
    /// nil without an answer.
    package var statusCode: Int?
    package let duration: Duration
    /// In words; nil when the test went well.
    package let error: String?
    /// The beginning of the answer's body; nil when it is empty.
    package var response: [UInt8]?
    /// The Bot API call that it asked for. It is not carried out: its chat does not exist.
    package var reply: ReplyOutcome?
    package let at: Timestamp
}
