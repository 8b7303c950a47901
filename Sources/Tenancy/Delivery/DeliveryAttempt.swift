import Platform

/// One try at handing an update to a push consumer, and what came of it.
struct DeliveryAttempt: Sendable {
    enum Outcome: Sendable {
        case answered(status: Int, retryAfter: Duration?, body: [UInt8])
        /// No answer: refused, timed out, cut off. In words, for the tenant to read.
        case failed(String)
    }

    let number: Int
    let at: Timestamp
    let duration: Duration
    let outcome: Outcome

    /// Only 2xx counts; a redirect is a failure (Standard Webhooks, Telegram alike).
    var isSuccess: Bool {
        if case .answered(200..<300, _, _) = outcome { true } else { false }
    }

    var statusCode: Int? {
        if case .answered(let status, _, _) = outcome { status } else { nil }
    }

    var retryAfter: Duration? {
        if case .answered(_, let wait, _) = outcome { wait } else { nil }
    }

    /// Why it failed; nil when it did not.
    var error: String? {
        switch outcome {
        case .answered(200..<300, _, _): nil
        case .answered(let status, _, _): "the endpoint answered \(status)"
        case .failed(let reason): reason
        }
    }

    var response: [UInt8]? {
        guard case .answered(_, _, let body) = outcome, !body.isEmpty else { return nil }
        return body
    }
}
