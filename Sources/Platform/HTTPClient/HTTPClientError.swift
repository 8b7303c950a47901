/// Why there is no answer. No case holds the URL or a header's value: both can contain secrets.
package enum HTTPClientError: Error, Equatable, Sendable {
    /// With the reason.
    case invalidURL(String)
    /// With the header's name, or "method".
    case invalidRequest(String)
    case nameNotResolved
    /// The name stands for an address that the address guard refuses, and for no other that answers.
    case addressRefused(IPAddress)
    /// The port is not among those that requests may go to.
    case portRefused(Int)
    case connectFailed(String)
    case timedOut
    case tlsFailed(String)
    /// The connection broke before the answer was complete. The request may have been carried out.
    case connectionLost(String)
    /// The answer is not HTTP, or its headers are larger than allowed.
    case invalidResponse(String)
    /// The answer is longer than its caller takes.
    case answerTooLarge
    /// The queue is full, the time was over before there was a place, or the request was not wanted any more when
    /// there was. Nothing was sent.
    case tooManyRequests
    case cancelled
    /// The client was closed.
    case closed
}
