import FoundationEssentials

/// Something that has ids of its own.
package protocol Identified {
    /// What its ids begin with: `bot`. A valid TypeID prefix, not empty.
    static var prefix: String { get }
}

/// The id of an `Entity`: outside the program a TypeID, in the database a UUID. Ids of different things are
/// different types, so that one cannot be passed for another.
package struct ID<Entity: Identified>: Hashable, Sendable, CustomStringConvertible {
    package let uuid: UUID

    package init(_ uuid: UUID) { self.uuid = uuid }

    /// A new one (UUID version 7).
    package init() { uuid = .version7() }

    /// - Returns: nil for an id of something else and for what is no TypeID.
    package init?(_ text: some StringProtocol) {
        var text = String(text)
        guard let bits = text.withUTF8({ Self.bits(of: $0) }) else { return nil }
        uuid = UUID(bits)
    }

    private static func bits(of text: UnsafeBufferPointer<UInt8>) -> UInt128? {
        let prefix = Entity.prefix.utf8
        guard text.count == textLength, text.starts(with: prefix), text[prefix.count] == UInt8(ascii: "_")
        else { return nil }
        return CrockfordBase32.decode(UnsafeBufferPointer(rebasing: text[(prefix.count + 1)...]))
    }

    package var description: String {
        String(unsafeUninitializedCapacity: Self.textLength) { write(into: $0) }
    }

    static var textLength: Int { Entity.prefix.utf8.count + 1 + CrockfordBase32.length }

    /// Writes the text to the front of `buffer`, which has room for `textLength` bytes.
    /// - Returns: how many bytes were written.
    func write(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var count = 0
        for byte in Entity.prefix.utf8 {
            buffer[count] = byte
            count += 1
        }
        buffer[count] = UInt8(ascii: "_")
        let suffix = UnsafeMutableBufferPointer(rebasing: buffer[(count + 1)...])
        return count + 1 + CrockfordBase32.encode(uuid.bits, into: suffix)
    }

    /// What follows the prefix: 26 characters.
    package var suffix: String { CrockfordBase32.encode(uuid.bits) }

    /// Before every id that is ever made.
    package static var least: ID { ID(UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))) }
}

extension ID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = ID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not an id of a \(Entity.prefix)")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// By UUID: those made later come later.
extension ID: Comparable {
    package static func < (left: ID, right: ID) -> Bool { left.uuid.bits < right.uuid.bits }
}
