import COpenSSL

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    package static let byteCount = 32

    /// - Returns: 32 bytes.
    package static func hash(_ bytes: some Collection<UInt8>) -> [UInt8] {
        bytes.withBytes { input in
            [UInt8](unsafeUninitializedCapacity: byteCount) { digest, count in
                _ = EVP_Digest(input.baseAddress, input.count, digest.baseAddress, nil, EVP_sha256(), nil)
                count = byteCount
            }
        }
    }

    /// The digest as 64 lower-case hexadecimal digits.
    package static func hex(_ bytes: some Collection<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: hash(bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
