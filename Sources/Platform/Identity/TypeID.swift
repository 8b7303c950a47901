import FoundationEssentials

/// A UUID with the name of what it identifies: `bot_01h455vb4pex5vsknk084sn02q`
/// (TypeID specification 0.3, github.com/jetify-com/typeid).
package struct TypeID: Hashable, Sendable, CustomStringConvertible {
    /// At most 63 of `a-z` and `_`, no `_` at either end; may be empty.
    package let prefix: String
    package let uuid: UUID

    /// - Returns: nil for an invalid prefix.
    package init?(prefix: String, uuid: UUID) {
        guard Self.isPrefix(prefix) else { return nil }
        self.prefix = prefix
        self.uuid = uuid
    }

    /// - Returns: nil for whatever is not the one way to write a TypeID, other cases of letters included.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count >= CrockfordBase32.length else { return nil }
        let split = bytes.count - CrockfordBase32.length
        guard let bits = CrockfordBase32.decode(String(decoding: bytes[split...], as: UTF8.self)) else {
            return nil
        }
        guard split != 1, split == 0 || bytes[split - 1] == UInt8(ascii: "_") else { return nil }
        self.init(prefix: String(decoding: bytes[..<max(0, split - 1)], as: UTF8.self), uuid: UUID(bits))
    }

    package var description: String {
        (prefix.isEmpty ? "" : prefix + "_") + CrockfordBase32.encode(uuid.bits)
    }

    static func isPrefix(_ text: String) -> Bool {
        text.utf8.count <= 63 && !text.hasPrefix("_") && !text.hasSuffix("_")
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_")
            }
    }
}
