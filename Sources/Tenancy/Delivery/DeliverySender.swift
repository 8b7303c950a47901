import Platform

/// Posts updates to consumers' endpoints, as Telegram would, with the Standard Webhooks headers added.
struct DeliverySender: Sendable {
    /// What is kept of an answer.
    static let responseLimit = 4096
    private static let connectTimeout = Duration.seconds(5)

    let client: HTTPClient

    /// Never throws: whatever goes wrong is the attempt's outcome. Must run on the client's loop.
    func send(_ update: LoggedUpdate, to target: PushTarget, attempt: Int) async -> DeliveryAttempt {
        let at = Timestamp.now
        let started = ContinuousClock.now
        let outcome: DeliveryAttempt.Outcome
        do {
            let response = try await client.send(request(update, to: target, attempt: attempt, at: at))
            outcome = .answered(
                status: response.status,
                retryAfter: response.header("Retry-After").flatMap { Int64($0) }.map { .seconds(max(0, $0)) },
                body: response.body)
        } catch {
            outcome = .failed(Self.words(for: error))
        }
        return DeliveryAttempt(number: attempt, at: at, duration: .now - started, outcome: outcome)
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

    private static func words(for error: any Error) -> String {
        switch error {
        case HTTPClientError.timedOut: "no answer in time"
        case HTTPClientError.connectFailed: "the connection was refused or could not be made"
        case HTTPClientError.nameNotResolved: "the host name does not resolve"
        case HTTPClientError.addressRefused(let address): "the address \(address) is not public"
        case HTTPClientError.tlsFailed(let reason): "TLS failed: \(reason)"
        case HTTPClientError.connectionLost: "the connection was closed before an answer"
        case HTTPClientError.invalidURL: "the URL is not valid"
        case HTTPClientError.tooManyRequests: "too many requests under way"
        default: "cancelled"
        }
    }
}
