import COpenSSL

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    package static let byteCount = 32

    /// Looked up once: OpenSSL would do so at each call, under a lock. Never freed, nor changed.
    nonisolated(unsafe) private static let algorithm = EVP_MD_fetch(nil, "SHA2-256", nil)

    /// - Returns: 32 bytes.
    package static func hash(_ bytes: some Collection<UInt8>) -> [UInt8] {
        bytes.withBytes { input in
            [UInt8](unsafeUninitializedCapacity: byteCount) { digest, count in
                let status = EVP_Digest(
                    input.baseAddress, input.count, digest.baseAddress, nil, algorithm, nil)
                precondition(status == 1, "OpenSSL has no SHA-256")
                count = byteCount
            }
        }
    }
}
