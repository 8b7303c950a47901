import Auth
import Platform

/// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): which limits a request was counted
/// under, and what is left of them. The tenant's comes first when there are two.
struct RateLimitHeaders: Sendable {
    /// The largest integer of a structured field (RFC 9651 section 3.3.1), where there is no limit.
    private static let unlimited = 999_999_999_999_999

    private var policy = ""
    private var state = ""

    /// - Throws: `Problem` 429 when the verdict is against the request.
    mutating func note(_ name: StaticString, _ verdict: RateLimiter.Verdict) throws {
        let quota = verdict.quota ?? Self.unlimited
        let before = policy.isEmpty ? "" : ", "
        policy = "\"\(name)\";q=\(quota);w=60" + before + policy
        state = "\"\(name)\";r=\(min(verdict.remaining, quota));t=\(verdict.reset)" + before + state
        if let wait = verdict.retryAfter { throw Problem.rateLimited(retryAfter: wait) }
    }

    func add(to headers: inout HTTPHeaders) {
        guard !policy.isEmpty else { return }
        headers.add("RateLimit-Policy", policy)
        headers.add("RateLimit", state)
    }

    static func areIn(_ headers: HTTPHeaders) -> Bool { headers["RateLimit-Policy"] != nil }
}
