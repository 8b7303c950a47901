import Platform

/// A secret for once, by which an admin shows which Telegram account is theirs: 50 bits, for ten minutes.
package struct LinkCode: Sendable, Equatable {
    package static let lifetime = Duration.seconds(600)
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
    private static let length = 10

    package let text: String

    /// A new one.
    package init() { text = String(Random.bytes(Self.length).map { Self.alphabet[Int($0 & 31)] }) }

    /// - Returns: nil for what has not the form of one.
    init?(_ text: String) {
        let text = text.lowercased()
        guard text.count == Self.length, text.allSatisfy(Self.alphabet.contains) else { return nil }
        self.text = text
    }

    var digest: [UInt8] { SHA256.hash(Array(text.utf8)) }
}
