import Platform
import Tenancy

/// What renews a session: 256 random bits, used once, kept as a SHA-256.
package struct RefreshToken: Sendable, Equatable {
    private static let prefix = "rk_ref_"

    package let text: String
    let digest: [UInt8]

    /// A new one.
    init() { self.init(text: Self.prefix + Base64.encode(Random.bytes(32), .urlSafe)) }

    /// Whatever a client gives; what is none has a digest that nobody has.
    package init(text: String) {
        self.text = text
        digest = SHA256.hash(Array(text.utf8))
    }

    /// - Parameter parent: the token that this one replaces, beside which alone it opens.
    func sealed(for parent: RefreshToken, by box: SecretBox) throws -> [UInt8] {
        try box.seal(Array(text.utf8), for: Self.binding(toParent: parent.digest))
    }

    static func opened(_ sealed: [UInt8], for parent: RefreshToken, by box: SecretBox) throws -> RefreshToken
    {
        RefreshToken(
            text: String(decoding: try box.open(sealed, for: binding(toParent: parent.digest)), as: UTF8.self)
        )
    }

    static func binding(toParent digest: [UInt8]) -> [UInt8] {
        Array("refresh token after ".utf8) + digest
    }
}
