/// Writes JSON (RFC 8259) straight into bytes, without the cost of an encoder.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    /// Whether something stands before the next element on its level.
    private var isFollowing = false

    package init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    package mutating func object(_ members: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "{"))
        members(&self)
        close(UInt8(ascii: "}"))
    }

    package mutating func array<Elements: Sequence>(
        _ elements: Elements, _ write: (inout JSONWriter, Elements.Element) -> Void
    ) {
        open(UInt8(ascii: "["))
        for element in elements { write(&self, element) }
        close(UInt8(ascii: "]"))
    }

    /// As many of the elements, from the first on, as begin within `limit` bytes.
    /// - Returns: how many.
    package mutating func array<Elements: Sequence>(
        _ elements: Elements, upTo limit: Int, _ write: (inout JSONWriter, Elements.Element) -> Void
    ) -> Int {
        let start = bytes.count
        var count = 0
        open(UInt8(ascii: "["))
        for element in elements {
            if count > 0, bytes.count - start >= limit { break }
            write(&self, element)
            count += 1
        }
        close(UInt8(ascii: "]"))
        return count
    }

    /// nil is written as null.
    package mutating func field(_ name: StaticString, _ value: (some JSONWritable)?) {
        key(name)
        if let value { value.write(to: &self) } else { null() }
    }

    // The commonest values without generics, which cost more than the writing.

    package mutating func field(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    package mutating func field(_ name: StaticString, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    package mutating func field(_ name: StaticString, _ value: Timestamp) {
        key(name)
        value.write(to: &self)
    }

    package mutating func field(_ name: StaticString, _ value: Timestamp?) {
        key(name)
        if let value { value.write(to: &self) } else { null() }
    }

    package mutating func field(_ name: StaticString, _ value: Int64) {
        key(name)
        integer(value)
    }

    package mutating func field<Entity>(_ name: StaticString, _ value: ID<Entity>) {
        key(name)
        value.write(to: &self)
    }

    package mutating func field(_ name: StaticString, _ value: Bool) {
        key(name)
        literal(value ? "true" : "false")
    }

    package mutating func field(_ name: StaticString, _ write: (inout JSONWriter) -> Void) {
        key(name)
        write(&self)
    }

    package mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(
            contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        isFollowing = false
    }

    /// A name that is known only when it is written.
    package mutating func key(named name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        isFollowing = false
    }

    package mutating func null() { literal("null") }

    /// - Parameter text: JSON already.
    package mutating func literal(_ text: StaticString) {
        separate()
        bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// - Parameter json: JSON already, such as a stored payload.
    package mutating func raw(_ json: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    package mutating func string(_ value: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { append(escaping: $0) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// - Parameter ascii: nothing in it needs escaping.
    package mutating func string(plain ascii: some Collection<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: ascii)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A string of which nothing needs escaping, written where it will stand.
    /// - Parameters:
    ///   - length: the most bytes that it takes.
    ///   - write: gives how many it took.
    mutating func string(
        upTo length: Int, _ write: (UnsafeMutableBufferPointer<UInt8>) -> Int
    ) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(upTo: length, write)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func integer(_ value: Int64) {
        separate()
        append(upTo: 20) { buffer in
            var magnitude = value.magnitude
            var start = 20
            repeat {
                start -= 1
                let (rest, digit) = magnitude.quotientAndRemainder(dividingBy: 10)
                buffer[start] = 48 + UInt8(truncatingIfNeeded: digit)
                magnitude = rest
            } while magnitude > 0
            if value < 0 {
                start -= 1
                buffer[start] = UInt8(ascii: "-")
            }
            for index in start..<20 { buffer[index - start] = buffer[index] }
            return 20 - start
        }
    }

    private mutating func append(
        upTo length: Int, _ write: (UnsafeMutableBufferPointer<UInt8>) -> Int
    ) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: length) { buffer in
            let count = write(buffer)
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private mutating func separate() {
        if isFollowing { bytes.append(UInt8(ascii: ",")) }
        isFollowing = true
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        isFollowing = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        isFollowing = true
    }

    private mutating func append(escaping text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0x20 || byte == 0x22 || byte == 0x5C {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                append(escaped: byte)
                start = index + 1
            }
            index += 1
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
    }

    private mutating func append(escaped byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x22, 0x5C: bytes.append(byte)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            let low = byte & 15
            bytes.append(contentsOf: [
                UInt8(ascii: "u"), 48, 48, 48 + byte >> 4, low < 10 ? 48 + low : 87 + low,
            ])
        }
    }
}
