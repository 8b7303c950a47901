import Auth
import Platform

/// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): which limit a request was counted under
/// last, or was refused by, and what is left of it.
struct RateLimitHeaders: Sendable {
    /// The largest integer of a structured field (RFC 9651 section 3.3.1), where there is no limit.
    private static let unlimited = 999_999_999_999_999

    private var policy: String?
    private var state: String?

    /// - Throws: `Problem` 429 when the verdict is against the request.
    mutating func note(_ name: StaticString, _ verdict: RateLimiter.Verdict) throws {
        let quota = verdict.quota ?? Self.unlimited
        policy = "\"\(name)\";q=\(quota);w=60"
        state = "\"\(name)\";r=\(min(verdict.remaining, quota));t=\(verdict.reset)"
        if let wait = verdict.retryAfter { throw Problem.rateLimited(retryAfter: wait) }
    }

    func add(to headers: inout HTTPHeaders) {
        guard let policy, let state else { return }
        headers.add("RateLimit-Policy", policy)
        headers.add("RateLimit", state)
    }

    static func areIn(_ headers: HTTPHeaders) -> Bool { headers["RateLimit-Policy"] != nil }
}
