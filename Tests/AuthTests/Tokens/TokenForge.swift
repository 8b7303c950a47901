import FoundationEssentials
import Platform
import Tenancy
import TestSupport

@testable import Auth

extension TestNode {
    /// Whatever time the test takes, the node has just read of keys and revocations: one that has not for three seconds
    /// may not call a key unknown.
    func stayFresh() {
        credentials.revocations.apply([], isAll: false, askedAt: .now + .seconds(3600))
    }
}

/// Makes tokens as an attacker would, or as the program itself would if it were wrong.
struct TokenForge {
    let key: P256.PrivateKey
    let kid: String
    let person: Person
    let now: Timestamp

    /// With the key that the node signs with.
    init(_ node: TestNode, _ person: Person, at now: Timestamp) throws {
        let signing = try node.credentials.keys.signing(at: now)
        (key, kid) = (signing.key, signing.id)
        self.person = person
        self.now = now
    }

    /// Claims of a good token: name and JSON.
    var claims: [String: String] {
        let iat = now.secondsSince1970
        return [
            "iss": #""urn:rookery""#, "aud": #""rookery-api""#, "sub": "\"\(person.admin!)\"",
            "account": "\"\(person.account)\"", "tid": "\"\(person.tenant!)\"",
            "role": "\"\(person.role!.rawValue)\"", "sid": "\"\(person.session)\"",
            "jti": "\"\(UUID.version7(at: now).uuidString.lowercased())\"", "iat": "\(iat)",
            "exp": "\(iat + 600)",
        ]
    }

    /// The header of a good token.
    var header: String { #"{"alg":"ES256","typ":"at+jwt","kid":"\#(kid)"}"# }

    func claims(changing changes: [String: String?]) -> String {
        var claims = claims
        for (name, value) in changes { claims[name] = value }
        return json(claims)
    }

    /// Claims issued so many seconds from now.
    func claims(issuedIn seconds: Int64, lifetime: Int64 = 600) -> String {
        let issuedAt = now + .seconds(seconds)
        return claims(changing: [
            "jti": "\"\(UUID.version7(at: issuedAt).uuidString)\"", "iat": "\(issuedAt.secondsSince1970)",
            "exp": "\(issuedAt.secondsSince1970 + lifetime)",
        ])
    }

    func json(_ members: [String: String]) -> String {
        "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    func token(
        header: String? = nil, claims: String? = nil, signature sign: (([UInt8]) -> [UInt8])? = nil
    ) -> String {
        let unsigned =
            Base64.encode((header ?? self.header).utf8, .urlSafe) + "."
            + Base64.encode((claims ?? json(self.claims)).utf8, .urlSafe)
        let signature = sign.map { $0(Array(unsigned.utf8)) } ?? key.sign(unsigned.utf8)!
        return unsigned + "." + Base64.encode(signature, .urlSafe)
    }
}
