import Platform

/// The SHA-256 of a webhook secret, kept inline.
struct SecretDigest: Sendable, Equatable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    init(of secret: String) {
        let bytes = SHA256.hash(secret.utf8)
        words = bytes.withUnsafeBytes { buffer in
            (
                buffer.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                buffer.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                buffer.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
                buffer.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
            )
        }
    }

    /// Compares with every one of `digests`, without an early end.
    func isAmong(_ digests: [SecretDigest]) -> Bool {
        var found = false
        for digest in digests { found = (self == digest) || found }
        return found
    }

    static func == (left: SecretDigest, right: SecretDigest) -> Bool {
        let difference =
            (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1)
            | (left.words.2 ^ right.words.2) | (left.words.3 ^ right.words.3)
        return difference == 0
    }
}
