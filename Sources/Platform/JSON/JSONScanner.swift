/// Walks over JSON text (RFC 8259) without building anything: for the few places where a decoder costs too much.
///
/// It is strict: what it steps over is valid, but for the UTF-8 within strings, which is the caller's to check.
/// Every step returns false or nil where the text is something else; the position is then of no use any more.
package struct JSONScanner {
    /// A string as it stands between its quotation marks.
    package struct RawString {
        package let range: Range<Int>
        /// Whether it says something else than it shows.
        package let hasEscapes: Bool
    }

    private static let deepest = 128

    private let text: UnsafeBufferPointer<UInt8>
    private var index = 0

    package init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    private var next: UInt8? { index < text.count ? text[index] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    /// Whether nothing but white space is left.
    package mutating func isAtEnd() -> Bool {
        skipSpace()
        return index == text.count
    }

    /// Skips white space and then `character`, if it comes next.
    package mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    /// A member's name and its colon.
    package mutating func name() -> RawString? {
        guard let name = string(), take(":") else { return nil }
        return name
    }

    package func equals(_ string: RawString, _ literal: StaticString) -> Bool {
        guard !string.hasEscapes, string.range.count == literal.utf8CodeUnitCount else { return false }
        let start = literal.utf8Start
        return string.range.indices.allSatisfy { text[$0] == start[$0 - string.range.lowerBound] }
    }

    package mutating func string() -> RawString? {
        guard take("\"") else { return nil }
        let start = index
        var hasEscapes = false
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return RawString(range: start..<(index - 1), hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                guard skipEscape() else { return nil }
            case 0..<0x20: return nil
            default: index += 1
            }
        }
        return nil
    }

    private mutating func skipEscape() -> Bool {
        index += 1
        switch next {
        case UInt8(ascii: "u"):
            let digits = text[min(index + 1, text.count)..<min(index + 5, text.count)]
            index += 5
            return digits.count == 4 && digits.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
        case let byte?:
            index += 1
            return #""\/bfnrt"#.utf8.contains(byte)
        case nil: return false
        }
    }

    /// A number without fraction and exponent that fits into 64 bits.
    package mutating func integer() -> Int64? {
        skipSpace()
        let start = index
        guard skipNumber() else { return nil }
        return Int64(String(decoding: text[start..<index], as: UTF8.self))
    }

    private mutating func skipNumber() -> Bool {
        if next == UInt8(ascii: "-") { index += 1 }
        if next == UInt8(ascii: "0") { index += 1 } else if !skipDigits() { return false }
        if next == UInt8(ascii: ".") {
            index += 1
            guard skipDigits() else { return false }
        }
        guard next == UInt8(ascii: "e") || next == UInt8(ascii: "E") else { return true }
        index += 1
        if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { index += 1 }
        return skipDigits()
    }

    private mutating func skipDigits() -> Bool {
        let start = index
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { index += 1 }
        return index > start
    }

    /// Where the next value stands.
    package mutating func value() -> Range<Int>? {
        skipSpace()
        let start = index
        return skipValue() ? start..<index : nil
    }

    /// Steps over a value of any kind, at most 128 levels deep.
    package mutating func skipValue(depth: Int = 0) -> Bool {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return skipMembers(depth: depth + 1)
        case UInt8(ascii: "["): return skipElements(depth: depth + 1)
        case UInt8(ascii: "\""): return string() != nil
        case UInt8(ascii: "t"): return skipLiteral("true")
        case UInt8(ascii: "f"): return skipLiteral("false")
        case UInt8(ascii: "n"): return skipLiteral("null")
        default: return skipNumber()
        }
    }

    private mutating func skipMembers(depth: Int) -> Bool {
        guard depth <= Self.deepest, take("{") else { return false }
        if take("}") { return true }
        repeat {
            guard name() != nil, skipValue(depth: depth) else { return false }
        } while take(",")
        return take("}")
    }

    private mutating func skipElements(depth: Int) -> Bool {
        guard depth <= Self.deepest, take("[") else { return false }
        if take("]") { return true }
        repeat {
            guard skipValue(depth: depth) else { return false }
        } while take(",")
        return take("]")
    }

    private mutating func skipLiteral(_ literal: StaticString) -> Bool {
        for offset in 0..<literal.utf8CodeUnitCount {
            guard next == literal.utf8Start[offset] else { return false }
            index += 1
        }
        return true
    }
}
