import COpenSSL

/// Signatures on the Edwards curve (RFC 8032, pure Ed25519): the same key and message give the same signature.
package enum Ed25519 {
    /// What the private key is made of.
    package static let seedLength = 32
    package static let publicKeyLength = 32
    package static let signatureLength = 64

    /// - Returns: nil for a seed that is not 32 bytes.
    package static func publicKey(seed: [UInt8]) -> [UInt8]? {
        withPrivateKey(seed) { key in
            var bytes = [UInt8](repeating: 0, count: publicKeyLength)
            var count = bytes.count
            guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1 else { return nil }
            return bytes
        }
    }

    /// - Returns: 64 bytes; nil for a seed that is not 32 bytes, or when OpenSSL is out of memory.
    package static func sign(_ message: [UInt8], seed: [UInt8]) -> [UInt8]? {
        withPrivateKey(seed) { key in
            guard let context = EVP_MD_CTX_new() else { return nil }
            defer { EVP_MD_CTX_free(context) }
            var signature = [UInt8](repeating: 0, count: signatureLength)
            var count = signature.count
            guard EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
                EVP_DigestSign(context, &signature, &count, message, message.count) == 1
            else { return nil }
            return signature
        }
    }

    package static func verify(_ signature: [UInt8], of message: [UInt8], publicKey: [UInt8]) -> Bool {
        guard publicKey.count == publicKeyLength, signature.count == signatureLength,
            let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey, publicKey.count),
            let context = EVP_MD_CTX_new()
        else { return false }
        defer {
            EVP_MD_CTX_free(context)
            EVP_PKEY_free(key)
        }
        return EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    private static func withPrivateKey(_ seed: [UInt8], _ body: (OpaquePointer) -> [UInt8]?) -> [UInt8]? {
        guard seed.count == seedLength,
            let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
        else { return nil }
        defer { EVP_PKEY_free(key) }
        return body(key)
    }
}
