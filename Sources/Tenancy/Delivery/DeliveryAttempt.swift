import Platform

/// One try at handing an update to a push consumer, and what came of it.
struct DeliveryAttempt: Sendable {
    let number: Int
    let at: Timestamp
    let duration: Duration
    /// nil without an answer.
    var statusCode: Int?
    /// What the endpoint asks for with Retry-After.
    var retryAfter: Duration?
    /// The beginning of the answer's body; nil when it is empty.
    var response: [UInt8]?
    /// The Bot API call that a successful answer asks for.
    var reply: DeliveryReply?
    /// Why it failed, in words for the tenant to read; nil when it did not.
    var error: String?

    /// Only 2xx counts; a redirect is a failure (Standard Webhooks, Telegram alike).
    var isSuccess: Bool { error == nil }
    /// The endpoint wants no more of this, ever.
    var isGone: Bool { statusCode == 410 }
}

extension DeliveryAttempt {
    init(number: Int, at: Timestamp, answer: HTTPClientResponse, after duration: Duration) {
        self.init(number: number, at: at, duration: duration)
        statusCode = answer.status
        retryAfter = answer.header("Retry-After").flatMap { Self.wait($0, from: at + duration) }
        response = answer.body.isEmpty ? nil : Array(answer.body.prefix(DeliverySender.responseLimit))
        error = (200..<300).contains(answer.status) ? nil : "the endpoint answered \(answer.status)"
        if isSuccess, !answer.isTruncated {
            reply = DeliveryReply(answer.body, contentType: answer.header("Content-Type"))
        }
    }

    init(number: Int, at: Timestamp, failure: any Error, after duration: Duration) {
        self.init(number: number, at: at, duration: duration)
        error = Self.words(for: failure)
    }

    /// - Parameter text: seconds, or a date.
    private static func wait(_ text: String, from now: Timestamp) -> Duration? {
        if let seconds = Int64(text) { return .seconds(max(0, seconds)) }
        return Timestamp(httpDate: text).map { max(.zero, $0 - now) }
    }

    private static func words(for error: any Error) -> String {
        switch error {
        case HTTPClientError.timedOut: "no answer in time"
        case HTTPClientError.connectFailed: "the connection was refused or could not be made"
        case HTTPClientError.nameNotResolved: "the host name does not resolve"
        case HTTPClientError.addressRefused: "the host name stands for an address that is not public"
        case HTTPClientError.portRefused(let port): "nothing is sent to port \(port)"
        case HTTPClientError.tlsFailed(let reason): "TLS failed: \(reason)"
        case HTTPClientError.connectionLost: "the connection was closed before an answer"
        case HTTPClientError.invalidURL: "the URL is not valid"
        case HTTPClientError.invalidResponse: "the answer is not HTTP"
        default: "cancelled"
        }
    }
}
