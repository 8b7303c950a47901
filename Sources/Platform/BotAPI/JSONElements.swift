/// Finds the elements of an array in JSON text without changing a byte of them, which a decoder cannot do.
///
/// The text should be valid JSON, decoded before: it is then enough to follow strings and brackets. Of other
/// text the answer is worthless, but there is one.
enum JSONElements {
    /// The ranges of the elements of the array under `"result"` in the outermost object.
    /// - Returns: nil when there is no such array.
    static func ofResult(in text: [UInt8]) -> [Range<Int>]? {
        var scanner = Scanner(text: text)
        guard scanner.take("{") else { return nil }
        while !scanner.take("}") {
            guard let key = scanner.value(), scanner.take(":") else { return nil }
            if text[key].elementsEqual("\"result\"".utf8) { return scanner.array() }
            guard scanner.value() != nil else { return nil }
            _ = scanner.take(",")
        }
        return nil
    }

    private struct Scanner {
        let text: [UInt8]
        var index = 0

        init(text: [UInt8]) { self.text = text }

        var isAtEnd: Bool { index >= text.count }

        /// Skips white space and then `character`, if it comes next.
        mutating func take(_ character: Unicode.Scalar) -> Bool {
            while !isAtEnd, text[index] <= 0x20 { index += 1 }
            guard !isAtEnd, text[index] == UInt8(ascii: character) else { return false }
            index += 1
            return true
        }

        mutating func array() -> [Range<Int>]? {
            guard take("[") else { return nil }
            var elements: [Range<Int>] = []
            while !take("]") {
                guard let element = value() else { return nil }
                elements.append(element)
                _ = take(",")
            }
            return elements
        }

        /// Steps over one value of any kind.
        /// - Returns: nil where none begins.
        mutating func value() -> Range<Int>? {
            while !isAtEnd, text[index] <= 0x20 { index += 1 }
            let start = index
            var depth = 0
            scan: while !isAtEnd {
                switch text[index] {
                case UInt8(ascii: "\""): skipString()
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { break scan }
                    depth -= 1
                case UInt8(ascii: ","), UInt8(ascii: ":"), 0...0x20:
                    if depth == 0 { break scan }
                default: break
                }
                index += 1
            }
            return start < index ? start..<index : nil
        }

        /// From the opening quotation mark to the closing one.
        private mutating func skipString() {
            index += 1
            while !isAtEnd, text[index] != UInt8(ascii: "\"") {
                index += text[index] == UInt8(ascii: "\\") ? 2 : 1
            }
            index = min(index, text.count)
        }
    }
}
