import Auth
import Platform
import Tenancy

/// The limits that requests to the API are under. Telegram's own have theirs, by bot.
struct Limits: Sendable {
    /// Requests a minute of one address that are not, or not yet, known to come from somebody.
    static let perAddress = 3000
    /// Requests a minute of a caller who acts in no tenant.
    static let perCaller = 3000

    private let limiter = RateLimiter()

    /// - Throws: `Problem` 429
    func take(address: IPAddress, cost: Int, _ told: inout RateLimitHeaders) throws {
        try take("address", "address \(address)", cost, Self.perAddress, &told)
    }

    func take(caller: Caller, cost: Int, _ told: inout RateLimitHeaders) throws {
        try take("caller", "caller \(caller.name)", cost, Self.perCaller, &told)
    }

    /// Takes of the caller's part and then of the tenant's whole: one caller cannot take more than the tenant has.
    func take(
        tenant: ID<Tenant>, of caller: Caller, perMinute: Int?, cost: Int, _ told: inout RateLimitHeaders
    ) throws {
        try take("tenant", "tenant \(tenant.suffix)", cost, perMinute, &told)
    }

    private func take(
        _ policy: StaticString, _ key: String, _ cost: Int, _ quota: Int?, _ told: inout RateLimitHeaders
    ) throws {
        let verdict = limiter.take(key, cost: cost, perMinute: quota)
        told.set(policy, verdict)
        if let wait = verdict.retryAfter { throw Problem.rateLimited(retryAfter: wait) }
    }
}
