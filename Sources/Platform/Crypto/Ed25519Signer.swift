import COpenSSL

/// A private key made ready once, for those who sign often: half of the cost of `Ed25519.sign` is that.
///
/// `@unchecked Sendable`: OpenSSL does not change an EVP_PKEY that is signed with (openssl-threads(7)).
package final class Ed25519Signer: @unchecked Sendable {
    package let publicKey: [UInt8]
    private let key: OpaquePointer

    /// nil for a seed that is not 32 bytes.
    package init?(seed: [UInt8]) {
        guard let publicKey = Ed25519.publicKey(seed: seed),
            let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
        else { return nil }
        self.publicKey = publicKey
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// - Returns: 64 bytes; nil when OpenSSL is out of memory.
    package func sign(_ message: [UInt8]) -> [UInt8]? {
        guard let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: Ed25519.signatureLength)
        var count = signature.count
        guard EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        else { return nil }
        return signature
    }
}
