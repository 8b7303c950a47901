import Platform

/// Posts updates to consumers' endpoints, as Telegram would, with the Standard Webhooks headers added.
struct DeliverySender: Sendable {
    /// What is kept of an answer.
    static let responseLimit = 4096
    private static let connectTimeout = Duration.seconds(5)

    let client: HTTPClient

    /// Never throws: whatever goes wrong is the attempt's outcome. Must run on the client's loop.
    /// - Parameter isOwner: whether the bot's deliveries are still this node's; asked when it is about to be sent.
    /// - Returns: nil when the client had no place for it, or it is another node's: then there was no attempt.
    func send(
        _ update: LoggedUpdate, to target: PushTarget, attempt: Int,
        ifStill isOwner: @escaping @Sendable () -> Bool
    ) async -> DeliveryAttempt? {
        let at = Timestamp.now
        let started = ContinuousClock.now
        do {
            var request = request(update, to: target, attempt: attempt, at: at)
            request.isStillWanted = isOwner
            let answer = try await client.send(request)
            return DeliveryAttempt(number: attempt, at: at, answer: answer, after: .now - started)
        } catch HTTPClientError.tooManyRequests {
            return nil
        } catch {
            return DeliveryAttempt(number: attempt, at: at, failure: error, after: .now - started)
        }
    }

    private func request(
        _ update: LoggedUpdate, to target: PushTarget, attempt: Int, at: Timestamp
    ) -> HTTPClientRequest {
        let id = Self.messageID(update, target.consumer.id)
        var headers = [
            ("Content-Type", "application/json"),
            ("webhook-id", id),
            ("webhook-timestamp", "\(at.secondsSince1970)"),
            (
                "webhook-signature",
                target.signer.signature(id: id, timestamp: at.secondsSince1970, body: update.payload.bytes)
            ),
            ("Rookery-Bot", "\(target.consumer.bot.bot)"),
            ("Rookery-Attempt", "\(attempt)"),
        ]
        if let secret = target.telegramSecret { headers.append(("X-Telegram-Bot-Api-Secret-Token", secret)) }
        return HTTPClientRequest(
            method: "POST", url: target.url, headers: headers, body: update.payload.bytes,
            connectTimeout: min(Self.connectTimeout, target.consumer.timeout),
            timeout: target.consumer.timeout,
            responseLimit: Self.responseLimit)
    }

    /// The same on every attempt, another for every consumer: what a receiver deduplicates by.
    static func messageID(_ update: LoggedUpdate, _ consumer: ID<Consumer>) -> String {
        "msg_\(consumer.suffix)_\(update.position)"
    }
}
