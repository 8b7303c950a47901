import Platform
import Testing

@testable import Auth

@Suite("Verified tokens in memory")
struct CredentialCacheTests {
    private func entry(_ generation: UInt64 = 0) -> CredentialCache.Entry {
        CredentialCache.Entry(
            credential: Credential(caller: .stranger, issuedAt: nil, expiresAt: nil), generation: generation,
            recheckAt: nil)
    }

    @Test("Memory is bounded, and what is used stays")
    func bounded() {
        let cache = CredentialCache(capacity: 100)
        let used = TokenDigest(of: "used")
        cache.set(used, entry(7))

        for number in 0..<10_000 {
            cache.set(TokenDigest(of: "\(number)"), entry())
            _ = cache[used]
            #expect(cache.count <= 100)
        }

        #expect(cache[used]?.generation == 7)
        #expect(cache[TokenDigest(of: "1")] == nil)
        #expect(cache[TokenDigest(of: "9999")] != nil)
    }

    @Test("What is set again, or removed, is found nowhere in its old form")
    func replaced() {
        let cache = CredentialCache(capacity: 4)
        let token = TokenDigest(of: "token")
        cache.set(token, entry(1))
        for other in ["a", "b"] { cache.set(TokenDigest(of: other), entry()) }

        cache.set(token, entry(2))
        let found = cache[token]?.generation
        cache.remove(token)

        #expect(found == 2)
        #expect(cache[token] == nil)
    }
}
