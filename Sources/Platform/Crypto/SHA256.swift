import COpenSSL

/// The digest of FIPS 180-4, by OpenSSL.
package enum SHA256 {
    /// - Returns: 32 bytes.
    package static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let status = EVP_Digest(input, input.count, &digest, &length, EVP_sha256(), nil)
        precondition(status == 1 && length == 32, "OpenSSL has no SHA-256")
        return digest
    }

    /// The digest as 64 lower-case hexadecimal digits.
    package static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: hash(bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
