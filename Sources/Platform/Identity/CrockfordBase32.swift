/// 128 bits as 26 characters of lower-case Crockford base32, most significant first, as the TypeID
/// specification (github.com/jetify-com/typeid) writes them. The first character holds three bits only.
package enum CrockfordBase32 {
    package static let length = 26

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    package static func encode(_ value: UInt128) -> String {
        String(unsafeUninitializedCapacity: length) { encode(value, into: $0) }
    }

    /// Writes the 26 characters to the front of `buffer`.
    /// - Returns: how many were written.
    package static func encode(_ value: UInt128, into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        alphabet.withUnsafeBufferPointer { alphabet in
            // 13 characters are 65 bits: the upper 63 bits with 13 characters, the lower 65 with the others.
            var upper = UInt64(truncatingIfNeeded: value >> 65)
            var lower = UInt64(truncatingIfNeeded: value)
            buffer[25] = alphabet[Int(lower & 31)]
            lower = UInt64(truncatingIfNeeded: value >> 5)
            for index in stride(from: 24, through: 13, by: -1) {
                buffer[index] = alphabet[Int(lower & 31)]
                lower >>= 5
            }
            for index in stride(from: 12, through: 0, by: -1) {
                buffer[index] = alphabet[Int(upper & 31)]
                upper >>= 5
            }
        }
        return length
    }

    /// - Returns: nil for another length, another character (upper case included) or more than 128 bits.
    package static func decode(_ text: some StringProtocol) -> UInt128? {
        var text = String(text)
        return text.withUTF8 { decode($0) }
    }

    static func decode(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt128? {
        guard bytes.count == length, digit(of: bytes[0]) ?? .max < 8 else { return nil }
        var value: UInt128 = 0
        for byte in bytes {
            guard let digit = digit(of: byte) else { return nil }
            value = value << 5 | UInt128(digit)
        }
        return value
    }

    /// Without i, l, o and u.
    private static func digit(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "h"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "j"), UInt8(ascii: "k"): byte - UInt8(ascii: "j") + 18
        case UInt8(ascii: "m"), UInt8(ascii: "n"): byte - UInt8(ascii: "m") + 20
        case UInt8(ascii: "p")...UInt8(ascii: "t"): byte - UInt8(ascii: "p") + 22
        case UInt8(ascii: "v")...UInt8(ascii: "z"): byte - UInt8(ascii: "v") + 27
        default: nil
        }
    }
}
