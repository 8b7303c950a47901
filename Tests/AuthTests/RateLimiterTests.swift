import Platform
import Tenancy
import Testing

@testable import Auth

@Suite("Rate limiter")
struct RateLimiterTests {
    private let start = ContinuousClock.now
    private let limiter: RateLimiter
    private let key = RateLimitKey(ID<Tenant>())

    init() { limiter = RateLimiter(capacity: 100, start: start) }

    private func take(
        _ count: Int = 1, of quota: Int?, cost: Int = 1, after wait: Duration = .zero
    ) -> RateLimiter.Verdict {
        var verdict = limiter.take(key, cost: cost, perMinute: quota, at: start + wait)
        for _ in 1..<max(1, count) {
            verdict = limiter.take(key, cost: cost, perMinute: quota, at: start + wait)
        }
        return verdict
    }

    @Test(
        "A whole minute's units may come at once, not one more, and clients are told", arguments: [1, 7, 600])
    func burst(_ quota: Int) {
        let first = take(of: quota)
        let last = quota > 1 ? take(quota - 1, of: quota) : first
        let tooMany = take(of: quota)

        #expect(first.quota == quota && first.remaining == quota - 1 && first.retryAfter == nil)
        #expect(last.remaining == 0 && last.retryAfter == nil && last.reset == 60)
        #expect(tooMany.remaining == 0 && tooMany.reset == 60)
        let wait = tooMany.retryAfter ?? .zero
        #expect(abs(wait.seconds - 60 / Double(quota)) < 0.001)
    }

    @Test("Units come back one by one, and all of them within a minute")
    func refill() {
        _ = take(600, of: 600)

        let atOnce = take(of: 600)
        let early = take(of: 600, after: .milliseconds(99))
        let afterOne = take(of: 600, after: .milliseconds(100))
        let second = take(of: 600, after: .milliseconds(100))
        let later = take(of: 600, after: .seconds(30.1))
        let full = take(of: 600, after: .seconds(600))

        #expect(atOnce.retryAfter != nil && early.retryAfter == .milliseconds(1))
        #expect(afterOne.retryAfter == nil && second.retryAfter != nil)
        #expect(later.remaining == 299 && later.reset == 31)
        #expect(full.remaining == 599 && full.reset == 1)
    }

    @Test("A request takes what it costs, or nothing; one that costs more than all takes all")
    func cost() {
        let first = take(of: 10, cost: 8)
        let tooDear = take(of: 10, cost: 3)
        let cheap = take(of: 10, cost: 2)
        let dearest = take(of: 10, cost: 50, after: .seconds(120))

        #expect(first.remaining == 2 && first.retryAfter == nil)
        #expect(tooDear.remaining == 2 && tooDear.retryAfter == .seconds(6))
        #expect(cheap.remaining == 0 && cheap.retryAfter == nil)
        #expect(dearest.remaining == 0 && dearest.retryAfter == nil)
    }

    @Test("Without a limit all come in, with a limit of nothing nobody does")
    func extremes() {
        let unlimited = take(1000, of: nil)
        let none = take(of: 0)
        let huge = take(of: .max)

        #expect(unlimited.quota == nil && unlimited.retryAfter == nil)
        #expect(none == RateLimiter.Verdict(quota: 0, remaining: 0, reset: 60, retryAfter: .seconds(60)))
        #expect(huge.retryAfter == nil)
    }

    @Test("A limit that is lowered or raised counts at once")
    func changed() {
        _ = take(10, of: 10)

        let raised = take(of: 20, after: .seconds(3))
        let lowered = take(of: 1, after: .seconds(3))

        #expect(raised.retryAfter == nil)
        #expect(lowered.retryAfter != nil)
    }

    @Test("A node with a share of a budget gives out that share, and at least one unit")
    func share() {
        limiter.setShare(0.5)

        let first = take(of: 10)
        let last = take(4, of: 10)
        let tooMany = take(of: 10)
        limiter.setShare(0)
        let least = limiter.take(RateLimitKey(ID<Tenant>()), perMinute: 10, at: start)

        #expect(first.remaining == 4 && last.retryAfter == nil && tooMany.retryAfter != nil)
        #expect(least.retryAfter == nil && least.remaining == 0)
    }

    @Test("Memory is bounded, and a key in use is not forgotten however many others come")
    func bounded() {
        _ = take(10, of: 10)

        for round in 0..<1000 {
            _ = limiter.take(RateLimitKey(ID<Tenant>()), perMinute: 10, at: start)
            if round % 50 == 0 { #expect(take(of: 10).retryAfter != nil) }
        }

        #expect(limiter.count <= 200)
    }

    @Test("An IPv4 address is limited by itself, an IPv6 address with its /64")
    func addresses() throws {
        func key(_ text: String) throws -> RateLimitKey { RateLimitKey(try #require(IPAddress(text))) }

        #expect(try key("10.0.0.1") != key("10.0.0.2"))
        #expect(try key("10.0.0.1") == key("::ffff:10.0.0.1"))
        #expect(try key("2001:db8::1") == key("2001:db8::2"))
        #expect(try key("2001:db8::1") != key("2001:db8:0:1::1"))
    }
}
