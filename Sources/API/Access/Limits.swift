import Auth
import Platform
import Tenancy

/// The limits that requests to the API are under. Telegram's own have theirs, by bot. Each kind has a limiter of its
/// own, so that a flood from many addresses cannot push a tenant's count out of memory.
struct Limits: Sendable {
    /// Requests a minute of one address that are not, or not yet, known to come from somebody.
    static let perAddress = 3000
    /// Requests a minute of a caller who acts in no tenant.
    static let perCaller = 3000

    private let addresses = RateLimiter()
    private let tenants = RateLimiter()
    private let callers = RateLimiter()
    private let now: @Sendable () -> ContinuousClock.Instant

    init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

    /// - Throws: `Problem` 429, as do the others.
    func take(address: IPAddress, cost: Int, _ told: inout RateLimitHeaders) throws {
        try told.note(
            "address",
            addresses.take(RateLimitKey(address), cost: cost, perMinute: Self.perAddress, at: now()))
    }

    /// For a caller in no tenant.
    func take(caller: Caller, cost: Int, _ told: inout RateLimitHeaders) throws {
        guard let key = RateLimitKey(caller) else { return }
        try told.note("caller", callers.take(key, cost: cost, perMinute: Self.perCaller, at: now()))
    }

    /// Takes of the caller's part, when the tenant has set one, and then of the tenant's whole: a caller that is over
    /// its part uses up nothing of what the others have.
    func take(
        tenant: ID<Tenant>, _ entry: TenantDirectory.Entry, of caller: Caller, cost: Int,
        _ told: inout RateLimitHeaders
    ) throws {
        let whole = entry.requestsPerMinute
        if let part = entry.requestsPerMinutePerCaller, part < whole ?? .max, let key = RateLimitKey(caller) {
            try told.note("caller", callers.take(key, cost: cost, perMinute: part, at: now()))
        }
        try told.note("tenant", tenants.take(RateLimitKey(tenant), cost: cost, perMinute: whole, at: now()))
    }
}
