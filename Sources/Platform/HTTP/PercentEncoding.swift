/// Percent-encoding (RFC 3986 section 2.1), read strictly.
package enum PercentEncoding {
    /// - Parameter plusIsSpace: as in a query string of a form.
    /// - Returns: nil for a `%` without two digits, a NUL, or bytes that are no UTF-8.
    package static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(ASCII.hexDigit),
                    let low = rest.next().flatMap(ASCII.hexDigit),
                    high | low != 0
                else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
            case 0: return nil
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
