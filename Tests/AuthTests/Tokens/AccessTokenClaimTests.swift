import FoundationEssentials
import Platform
import Tenancy
import TestSupport
import Testing

@testable import Auth

@Suite("Claims and signatures of access tokens")
struct AccessTokenClaimTests {
    @Test("Signatures in another form, cut short, of zeros or of another key are refused")
    func signatures() async throws {
        try await Fixture.with { fixture in
            let (node, forge) = try await AccessTokenTests.forge(fixture)
            let stranger = try #require(P256.PrivateKey())
            let zeros = [UInt8](repeating: 0, count: 32)
            let makers: [([UInt8]) -> [UInt8]] = [
                { stranger.sign($0)! },
                { P256.otherForm(of: forge.key.sign($0)!) },
                { Array(forge.key.sign($0)!.dropLast()) },
                { forge.key.sign($0)! + [0] },
                { _ in zeros + zeros },
                { forge.key.sign($0)![..<32] + zeros },
                { zeros + forge.key.sign($0)![32...] },
                { _ in [UInt8](repeating: 7, count: 96) },
                { _ in [0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01] },
            ]

            for (index, maker) in makers.enumerated() {
                await #expect(throws: Authenticator.Failure.invalidToken, "\(index)") {
                    try await node.caller(of: forge.token(signature: maker))
                }
            }
        }
    }

    @Test("Tokens that are not three parts of canonical base64url are refused")
    func encoding() async throws {
        try await Fixture.with { fixture in
            let (node, forge) = try await AccessTokenTests.forge(fixture)
            let good = forge.token()
            let last = good.last!
            let wrong = [
                good + "=", good + ".", "." + good, good + ".x", good + "A", good.replacing(".", with: ".."),
                good + "\n", String(good.dropLast()), String(good.reversed()), "", ".", "..", "...",
                "Bearer " + good, String(repeating: "a", count: 5000),
                good + String(repeating: "A", count: 4096),
                // The last character of 64 bytes holds four bits that say nothing.
                String(good.dropLast())
                    + (last == "A" ? "B" : "\(last)" == "Q" ? "R" : last == "g" ? "h" : "x"),
            ]

            for token in wrong {
                await #expect(throws: Authenticator.Failure.invalidToken, "\(token)") {
                    try await node.caller(of: token)
                }
            }
        }
    }

    @Test("Claims of others, missing, of a wrong type or named twice are refused")
    func claims() async throws {
        try await Fixture.with { fixture in
            let (node, forge) = try await AccessTokenTests.forge(fixture)
            var wrong: [String] = forge.claims.keys.map { forge.claims(changing: [$0: String?.none]) }
            let changes: [(String, String)] = [
                ("iss", #""urn:other""#), ("iss", "null"), ("aud", #""other""#),
                ("aud", #"["rookery-api","other"]"#),
                ("aud", #""rookery-api ""#), ("sub", #""bot_01h455vb4pex5vsknk084sn02q""#),
                ("sub", "\"\(forge.person.account)\""), ("role", #""god""#), ("role", #"["owner"]"#),
                ("tid", "null"), ("sid", #""x""#), ("jti", #""x""#), ("jti", "\"\(UUID().uuidString)\""),
                ("iat", #""1""#), ("iat", "1.5"), ("iat", "-1"), ("iat", "1e9"), ("exp", "1e30"),
                ("exp", "99999999999999999999"), ("exp", "9223372036854775807"), ("exp", "null"),
                ("iat", "-9223372036854775808"), ("nbf", #""soon""#), ("nbf", "null"),
            ]
            wrong += changes.map { forge.claims(changing: [$0: $1]) }
            let good = forge.json(forge.claims)
            wrong += [
                good.dropLast() + #","role":"owner"}"#, good.dropLast() + #","r\u006fle":"owner"}"#, "[]", "",
                "{}",
                good + " x", String(repeating: "[", count: 2000),
            ].map { String($0) }

            for claims in wrong {
                await #expect(throws: Authenticator.Failure.invalidToken, "\(claims)") {
                    try await node.caller(of: forge.token(claims: claims))
                }
            }
        }
    }

    @Test("What is expired is expired; what begins later may do so within five seconds")
    func times() async throws {
        try await Fixture.with { fixture in
            let (node, forge) = try await AccessTokenTests.forge(fixture)
            let tokens = node.credentials.tokens
            let issued = Timestamp(microsecondsSince1970: forge.now.secondsSince1970 * 1_000_000)
            let token = forge.token()
            func isGood(_ token: String, after seconds: Double) -> Bool {
                let now = issued + .milliseconds(Int(seconds * 1000))
                return (try? tokens.verified(token, at: now)) != nil
            }
            let begins = forge.token(
                claims: forge.claims(changing: ["nbf": "\(issued.secondsSince1970 + 100)"]))
            let tooLong = forge.token(claims: forge.claims(issuedIn: 0, lifetime: 601))

            #expect(isGood(token, after: 0))
            #expect(isGood(token, after: 599.9))
            #expect(!isGood(token, after: 600))
            #expect(!isGood(token, after: 601))
            #expect(isGood(token, after: -5))
            #expect(!isGood(token, after: -5.1))
            #expect(!isGood(begins, after: 94.9))
            #expect(isGood(begins, after: 95))
            #expect(!isGood(tooLong, after: 0))
        }
    }

    @Test("Refresh tokens, invitations and API keys of a wrong form are no access tokens")
    func otherTokens() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()

            for prefix in ["rk_ref_", "rk_inv_", "rk_live_", "rk_"] {
                await #expect(throws: Authenticator.Failure.invalidToken) {
                    try await node.caller(of: prefix + Base64.encode(Random.bytes(32), .urlSafe))
                }
            }
        }
    }
}
