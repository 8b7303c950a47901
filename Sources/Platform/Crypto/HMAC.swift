import COpenSSL

/// Message authentication codes (RFC 2104).
package enum HMAC {
    /// HMAC-SHA256.
    /// - Parameter key: any length; 32 bytes are enough.
    /// - Returns: 32 bytes.
    package static func sha256(key: some Collection<UInt8>, _ message: some Collection<UInt8>) -> [UInt8] {
        key.withBytes { key in
            message.withBytes { message in
                [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { code, count in
                    _ = COpenSSL.HMAC(
                        EVP_sha256(), key.baseAddress, Int32(key.count), message.baseAddress, message.count,
                        code.baseAddress, nil)
                    count = SHA256.byteCount
                }
            }
        }
    }
}
