import Platform

/// A key of the Standard Webhooks specification, told by its prefix.
///
///     whsec_  base64 of 24 to 64 bytes           v1   HMAC-SHA256    signs and verifies
///     whsk_   base64 of an Ed25519 seed and       v1a  Ed25519        signs and verifies
///             its public key
///     whpk_   base64 of an Ed25519 public key     v1a                 verifies
package enum WebhookKey: Sendable {
    case shared([UInt8])
    case signing(seed: [UInt8], publicKey: [UInt8])
    case verifying(publicKey: [UInt8])

    private static let sharedPrefix = "whsec_"
    private static let signingPrefix = "whsk_"
    private static let verifyingPrefix = "whpk_"

    /// - Returns: nil for what is no key, a `whsk_` whose halves do not belong together included.
    package init?(_ text: String) {
        guard let end = text.firstIndex(of: "_"), let bytes = Base64.decode(text[text.index(after: end)...])
        else { return nil }
        switch text[...end] {
        case Self.sharedPrefix where (24...64).contains(bytes.count):
            self = .shared(bytes)
        case Self.signingPrefix where bytes.count == Ed25519.seedLength + Ed25519.publicKeyLength:
            let seed = Array(bytes[..<Ed25519.seedLength])
            let publicKey = Array(bytes[Ed25519.seedLength...])
            guard Ed25519.publicKey(seed: seed) == publicKey else { return nil }
            self = .signing(seed: seed, publicKey: publicKey)
        case Self.verifyingPrefix where bytes.count == Ed25519.publicKeyLength:
            self = .verifying(publicKey: bytes)
        default: return nil
        }
    }

    /// The text of a new `whsec_` key of 32 random bytes.
    package static func makeShared() -> String { sharedPrefix + Base64.encode(Random.bytes(32)) }

    /// The text of a new `whsk_` key.
    package static func makeSigning() -> String {
        let seed = Random.bytes(Ed25519.seedLength)
        return signingPrefix + Base64.encode(seed + (Ed25519.publicKey(seed: seed) ?? []))
    }

    /// What receivers need of a `whsk_` key: `whpk_…`; nil for a shared one.
    package var publicKey: String? {
        switch self {
        case .shared: nil
        case .signing(_, let key), .verifying(let key): Self.verifyingPrefix + Base64.encode(key)
        }
    }

    /// `v1,…` or `v1a,…`; nil for a key that only verifies.
    func signature(of signed: [UInt8]) -> String? {
        switch self {
        case .shared(let key): "v1," + Base64.encode(HMAC.sha256(key: key, signed))
        case .signing(let seed, _): Ed25519.sign(signed, seed: seed).map { "v1a," + Base64.encode($0) }
        case .verifying: nil
        }
    }

    /// - Parameter signature: one entry of a `webhook-signature` header, version and comma included.
    func verifies(_ signature: Substring, of signed: [UInt8]) -> Bool {
        switch self {
        case .shared:
            constantTimeEquals(Array(signature.utf8), Array((self.signature(of: signed) ?? "").utf8))
        case .signing(_, let key), .verifying(let key):
            signature.hasPrefix("v1a,")
                && Base64.decode(signature.dropFirst(4)).map {
                    Ed25519.verify($0, of: signed, publicKey: key)
                } ?? false
        }
    }
}
