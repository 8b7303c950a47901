import Auth
import Platform

/// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): which limit a request was counted
/// under, and what is left of it.
struct RateLimitHeaders: Sendable {
    /// The largest integer of a structured field (RFC 9651 section 3.3.1), where there is no limit.
    private static let unlimited = 999_999_999_999_999

    private var policy: String?
    private var state: String?

    mutating func set(_ name: StaticString, _ verdict: RateLimiter.Verdict) {
        let quota = verdict.quota ?? Self.unlimited
        policy = "\"\(name)\";q=\(quota);w=60"
        state = "\"\(name)\";r=\(min(verdict.remaining, quota));t=\(verdict.reset)"
    }

    func add(to headers: inout HTTPHeaders) {
        guard let policy, let state else { return }
        headers.add("RateLimit-Policy", policy)
        headers.add("RateLimit", state)
    }
}
