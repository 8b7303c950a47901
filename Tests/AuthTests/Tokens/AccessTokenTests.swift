import Platform
import Tenancy
import TestSupport
import Testing

@testable import Auth

@Suite("Access tokens")
struct AccessTokenTests {
    @Test("A token says who it was issued to")
    func issued() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let tenant = try await fixture.tenant()
            let person = try await fixture.admin(in: tenant, role: .trainer)

            let token = try await fixture.token(for: person, by: node)

            let caller = try await node.caller(of: token)
            #expect(
                caller
                    == Caller(
                        .admin(person.admin!, account: person.account), session: person.session,
                        tenant: tenant.id, role: .trainer, permissions: Role.trainer.permissions))
            #expect(try node.authenticator.known(token, from: IPAddress("192.0.2.1")!) == caller)
        }
    }

    @Test("A platform admin's token is of no tenant")
    func platformAdmin() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let person = try await fixture.platformAdmin()

            let caller = try await node.caller(of: fixture.token(for: person, by: node))

            #expect(caller.identity == .platformAdmin(person.account))
            #expect(caller.tenant == nil)
            #expect(caller.isPlatformAdmin)
        }
    }

    @Test("A token has the header and the claims that are promised, and no others")
    func form() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let person = try await fixture.admin(in: fixture.tenant())
            let token = try await fixture.token(for: person, by: node)

            let parts = token.split(separator: ".").map { Base64.decode($0, .urlSafe)! }
            guard case .object(let header) = try JSONValue(parsing: parts[0]),
                case .object(let claims) = try JSONValue(parsing: parts[1])
            else { throw TimedOut("two objects") }

            #expect(header.map(\.name) == ["alg", "typ", "kid"])
            #expect(header.prefix(2).map(\.value) == [.string("ES256"), .string("at+jwt")])
            #expect(
                claims.map(\.name) == [
                    "iss", "aud", "sub", "account", "tid", "role", "sid", "jti", "iat", "exp",
                ])
            #expect(parts[2].count == 64)
        }
    }

    @Test("What the forge makes unchanged is good, so that what the other tests change is what is refused")
    func forge() async throws {
        try await Fixture.with { fixture in
            let (node, forge) = try await Self.forge(fixture)

            let caller = try await node.caller(of: forge.token())
            let other = try await node.caller(
                of: forge.token(header: #"{"kid":"\#(forge.kid)","typ":"application/AT+JWT","alg":"ES256"}"#))

            #expect(caller.account == forge.person.account)
            #expect(other == caller)
        }
    }

    @Test("Headers other than the one form are refused")
    func headers() async throws {
        try await Fixture.with { fixture in
            let (node, forge) = try await Self.forge(fixture)
            let kid = forge.kid
            let algorithms = [
                "none", "None", "NONE", "nOnE", "", "es256", "ES256 ", "HS256", "RS256", "PS256", "ES384",
                "ES512",
                "ES256K", "EdDSA",
            ]
            let kids = [
                "", "x", kid + "=", kid.lowercased() + "x", "' OR '1'='1", "'; DROP TABLE signing_key; --",
                "../../../../dev/null", "/proc/self/environ", "http://attacker.example/key",
                String(repeating: "k", count: 1500), "\\u0000",
            ]
            let extra = [
                #""crit":["exp"]"#, #""crit":[]"#, #""jku":"http://127.0.0.1/""#,
                #""x5u":"http://127.0.0.1/""#,
                #""x5c":["MIIB"]"#, #""jwk":{"kty":"EC"}"#, #""b64":false"#, #""zip":"DEF""#, #""cty":"JWT""#,
            ]
            var headers = algorithms.map { #"{"alg":"\#($0)","typ":"at+jwt","kid":"\#(kid)"}"# }
            headers += kids.map { #"{"alg":"ES256","typ":"at+jwt","kid":"\#($0)"}"# }
            headers += extra.map { #"{"alg":"ES256","typ":"at+jwt","kid":"\#(kid)",\#($0)}"# }
            headers += ["JWT", "jwt", "id+jwt", "", "at+jwt2", "application/jwt", "text/at+jwt"].map {
                #"{"alg":"ES256","typ":"\#($0)","kid":"\#(kid)"}"#
            }
            headers += [
                #"{"alg":"ES256","typ":"at+jwt"}"#, #"{"alg":"ES256","kid":"\#(kid)"}"#,
                #"{"typ":"at+jwt","kid":"\#(kid)"}"#, #"{"alg":["ES256"],"typ":"at+jwt","kid":"\#(kid)"}"#,
                #"{"alg":null,"typ":"at+jwt","kid":"\#(kid)"}"#, #"{"alg":"ES256","typ":"at+jwt","kid":7}"#,
                #"{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"\#(kid)"}"#, "[]", "null", "\"ES256\"",
                "",
            ]

            for header in headers {
                await #expect(throws: Authenticator.Failure.invalidToken, "\(header)") {
                    try await node.caller(of: forge.token(header: header))
                }
            }
        }
    }

    @Test("Tokens without a signature, or with one made from the public key, are refused")
    func otherAlgorithms() async throws {
        try await Fixture.with { fixture in
            let (node, forge) = try await Self.forge(fixture)
            let point = forge.key.publicKey.point
            let none = forge.token(
                header: #"{"alg":"none","typ":"at+jwt","kid":"\#(forge.kid)"}"#, signature: { _ in [] })
            let hmac = ["HS256", "ES256"].map { algorithm in
                forge.token(header: #"{"alg":"\#(algorithm)","typ":"at+jwt","kid":"\#(forge.kid)"}"#) {
                    HMAC.sha256(key: point, $0)
                }
            }
            let unsigned = forge.token(signature: { _ in [] })

            for token in [none, unsigned, String(unsigned.dropLast())] + hmac {
                await #expect(throws: Authenticator.Failure.invalidToken) {
                    try await node.caller(of: token)
                }
            }
        }
    }

    static func forge(_ fixture: Fixture) async throws -> (TestNode, TokenForge) {
        let node = try await fixture.node()
        node.stayFresh()
        let person = try await fixture.admin(in: fixture.tenant())
        return (node, try TokenForge(node, person, at: try await fixture.databaseTime()))
    }
}
