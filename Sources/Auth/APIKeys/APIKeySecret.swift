import Platform

/// An API key as its holder has it: `rk_live_`, 30 random characters of base62 (178 bits), and 6 more that are the
/// CRC-32 of those. A mistyped or made-up key is told by its form, without a look into the database.
package struct APIKeySecret: Sendable {
    package static let prefix = "rk_live_"
    private static let randomLength = 30
    private static let checksumLength = 6
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    package let text: String

    /// A new one.
    package init() {
        var random: [UInt8] = []
        while random.count < Self.randomLength {
            // Only bytes below the highest multiple of 62, so that all characters are as likely.
            for byte in Random.bytes(64) where byte < 248 && random.count < Self.randomLength {
                random.append(Self.alphabet[Int(byte) % 62])
            }
        }
        text = Self.prefix + String(decoding: random + Self.checksum(random), as: UTF8.self)
    }

    /// - Returns: nil for what has not the form, or a wrong checksum.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == Self.prefix.utf8.count + Self.randomLength + Self.checksumLength,
            bytes.starts(with: Self.prefix.utf8)
        else { return nil }
        let random = Array(bytes.dropFirst(Self.prefix.utf8.count).prefix(Self.randomLength))
        guard random.allSatisfy(Self.alphabet.contains),
            bytes.suffix(Self.checksumLength).elementsEqual(Self.checksum(random))
        else { return nil }
        self.text = text
    }

    /// What is stored.
    package var digest: [UInt8] { SHA256.hash(text.utf8) }

    /// The last four characters.
    package var hint: String { String(text.suffix(4)) }

    private static func checksum(_ random: [UInt8]) -> [UInt8] {
        var value = CRC32.of(random)
        var digits: [UInt8] = []
        for _ in 0..<checksumLength {
            digits.append(alphabet[Int(value % 62)])
            value /= 62
        }
        return digits.reversed()
    }
}
