/// The escapes within JSON strings (RFC 8259 section 7).
enum JSONEscapes {
    /// - Parameter raw: what stands between the quotation marks; valid UTF-8 with valid escapes.
    /// - Returns: nil for half a surrogate pair.
    static func decode(_ raw: Slice<UnsafeBufferPointer<UInt8>>) -> String? {
        guard raw.contains(UInt8(ascii: "\\")) else { return String(decoding: raw, as: UTF8.self) }
        var units: [UInt8] = []
        units.reserveCapacity(raw.count)
        var rest = raw[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                units.append(byte)
                continue
            }
            guard let scalar = scalar(&rest) else { return nil }
            units.append(contentsOf: UTF8.encode(scalar)!)
        }
        return String(decoding: units, as: UTF8.self)
    }

    private static func scalar(_ rest: inout Slice<UnsafeBufferPointer<UInt8>>) -> Unicode.Scalar? {
        switch rest.popFirst() {
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard let first = unit(&rest) else { return nil }
            guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
            guard rest.popFirst() == UInt8(ascii: "\\"), rest.popFirst() == UInt8(ascii: "u"),
                let second = unit(&rest), UTF16.isTrailSurrogate(second)
            else { return nil }
            return UTF16.decode(UTF16.EncodedScalar([first, second]))
        case let byte?: return Unicode.Scalar(byte)
        case nil: return nil
        }
    }

    private static func unit(_ rest: inout Slice<UnsafeBufferPointer<UInt8>>) -> UInt16? {
        let digits = rest.prefix(4)
        rest = rest.dropFirst(4)
        return digits.count == 4 ? UInt16(String(decoding: digits, as: UTF8.self), radix: 16) : nil
    }
}
