import CMicroHTTPD
import Glibc

/// An answer to a request that is not read to its end: sent at once, and the connection is closed.
struct HTTPRefusal {
    enum Reason: String, Sendable, CaseIterable {
        case malformed
        case version
        case method
        case headTooLarge = "head_too_large"
        case urlTooLong = "url_too_long"
        case bodyTooLarge = "body_too_large"
        /// By a route's check of the head.
        case notAdmitted = "not_admitted"
        /// Too much of other bodies is held.
        case memory
        case slow
        case addressLimit = "address_limit"
    }

    let reason: Reason
    let problem: Problem

    static func malformed(_ detail: String) -> HTTPRefusal {
        HTTPRefusal(
            reason: .malformed,
            problem: Problem(400, "bad_request", "The request is malformed", detail: detail))
    }
    static let version = HTTPRefusal(
        reason: .version,
        problem: Problem(505, "version_not_supported", "Only HTTP/1.1 and HTTP/1.0 are spoken here"))
    static let method = HTTPRefusal(
        reason: .method, problem: Problem(501, "method_unknown", "This method is not known"))
    static let headTooLarge = HTTPRefusal(
        reason: .headTooLarge, problem: Problem(431, "head_too_large", "The header fields are too large"))
    static let urlTooLong = HTTPRefusal(
        reason: .urlTooLong, problem: Problem(414, "url_too_long", "The URL is too long"))
    static let bodyTooLarge = HTTPRefusal(
        reason: .bodyTooLarge, problem: Problem(413, "body_too_large", "The body is too large"))
    static let memory = HTTPRefusal(reason: .memory, problem: .unavailable())
    static let slow = HTTPRefusal(
        reason: .slow, problem: Problem(408, "request_timeout", "The request did not arrive in time"))

    /// Writes the answer to the socket itself: libmicrohttpd takes none in the middle of a body, and after a
    /// head only once it has believed what the head says of the body. Nothing else is in the way, since an
    /// earlier answer has left before the next request is parsed.
    func send(to socket: Int32, requestID: String, withBody: Bool) {
        let body = problem.json(requestID: requestID)
        let fields = problem.headers.map { "\($0.name): \($0.value)\r\n" }.joined()
        let phrase = String(cString: MHD_get_reason_phrase_for(UInt32(problem.status)))
        let answer = """
            HTTP/1.1 \(problem.status) \(phrase)\r
            Connection: close\r
            Content-Type: application/problem+json\r
            Content-Length: \(body.utf8.count)\r
            Date: \(Self.date())\r
            Request-Id: \(requestID)\r
            \(fields)\r
            \(withBody ? body : "")
            """
        _ = Array(answer.utf8).withUnsafeBytes {
            Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
    }

    /// RFC 9110 section 5.6.7.
    private static func date() -> String {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        return String(unsafeUninitializedCapacity: 40) { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                strftime($0.baseAddress!, $0.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            }
        }
    }
}
