import Platform

/// Posts updates to consumers' endpoints, as Telegram would, with the Standard Webhooks headers added.
struct DeliverySender: Sendable {
    /// What is kept of an answer.
    static let responseLimit = 4096
    private static let connectTimeout = Duration.seconds(5)

    let client: HTTPClient
    /// Told what is not for the tenant to know.
    let logger: Logger

    /// Never throws: whatever goes wrong is the attempt's outcome. Must run on the client's loop.
    /// - Parameter isOwner: whether the bot's deliveries are still this node's; asked when it is about to be sent.
    /// - Returns: nil when the client had no place for it, or it is another node's: then there was no attempt.
    func send(
        _ update: LoggedUpdate, to target: PushTarget, attempt: Int,
        ifStill isOwner: @escaping @Sendable () -> Bool
    ) async -> DeliveryAttempt? {
        await send(
            update.payload.bytes, Self.messageID(update, target.source), to: target, attempt: attempt,
            target.isReplay ? [("Rookery-Replay", "true")] : [], ifStill: isOwner)
    }

    /// The same with an update of nobody's, which says what it is.
    func sendTest(to target: PushTarget) async -> DeliveryAttempt? {
        let id = "msg_\(target.source.suffix)_test_\(Base64.encode(Random.bytes(12), .urlSafe))"
        return await send(
            Self.testUpdate(at: .now), id, to: target, attempt: 1, [("Rookery-Test", "true")])
    }

    private func send(
        _ body: [UInt8], _ id: String, to target: PushTarget, attempt: Int, _ mark: [(String, String)],
        ifStill isOwner: (@Sendable () -> Bool)? = nil
    ) async -> DeliveryAttempt? {
        let at = Timestamp.now
        let started = ContinuousClock.now
        do {
            var request = request(body, id, to: target, attempt: attempt, at: at, mark)
            request.isStillWanted = isOwner
            request.group = target.consumer.bot.shard
            let answer = try await client.send(request)
            return DeliveryAttempt(number: attempt, at: at, answer: answer, after: .now - started)
        } catch HTTPClientError.tooManyRequests {
            return nil
        } catch {
            if case HTTPClientError.addressRefused(let address) = error {
                logger.debug(
                    "an endpoint's address is refused",
                    ["consumer": "\(target.consumer.id)", "address": "\(address)"])
            }
            return DeliveryAttempt(number: attempt, at: at, failure: error, after: .now - started)
        }
    }

    private func request(
        _ body: [UInt8], _ id: String, to target: PushTarget, attempt: Int, at: Timestamp,
        _ mark: [(String, String)]
    ) -> HTTPClientRequest {
        var headers = [
            ("Content-Type", "application/json"),
            ("webhook-id", id),
            ("webhook-timestamp", "\(at.secondsSince1970)"),
            (
                "webhook-signature",
                target.signer.signature(id: id, timestamp: at.secondsSince1970, body: body)
            ),
            ("Rookery-Bot", "\(target.consumer.bot.bot)"),
            ("Rookery-Attempt", "\(attempt)"),
        ]
        headers += mark
        if let secret = target.telegramSecret { headers.append(("X-Telegram-Bot-Api-Secret-Token", secret)) }
        var request = HTTPClientRequest(
            method: "POST", url: target.url, headers: headers, body: body,
            connectTimeout: min(Self.connectTimeout, target.consumer.timeout),
            timeout: target.consumer.timeout,
            responseLimit: Self.responseLimit, party: target.consumer.bot.tenant.uuid)
        request.dataLimit = DeliveryReply.limit
        return request
    }

    private static func testUpdate(at now: Timestamp) -> [UInt8] {
        Array(
            """
            {"update_id":0,"message":{"message_id":0,"date":\(now.secondsSince1970),\
            "chat":{"id":0,"type":"private","first_name":"Rookery"},\
            "from":{"id":0,"is_bot":false,"first_name":"Rookery"},\
            "text":"This is a test of your consumer, sent by Rookery. Nobody wrote it."}}
            """.utf8)
    }

    /// The same on every attempt and replay, another for every consumer: what a receiver deduplicates by.
    static func messageID(_ update: LoggedUpdate, _ consumer: ID<Consumer>) -> String {
        "msg_\(consumer.suffix)_\(update.position)"
    }
}
