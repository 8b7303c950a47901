/// What can write itself as one JSON value.
package protocol JSONWritable {
    func write(to json: inout JSONWriter)
}

extension JSONWritable {
    package var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }
}

extension String: JSONWritable {
    package func write(to json: inout JSONWriter) { json.string(self) }
}

extension Bool: JSONWritable {
    package func write(to json: inout JSONWriter) { json.literal(self ? "true" : "false") }
}

extension Int: JSONWritable {
    package func write(to json: inout JSONWriter) { json.integer(Int64(self)) }
}

extension Int64: JSONWritable {
    package func write(to json: inout JSONWriter) { json.integer(self) }
}

/// Rounded to thousandths.
extension Double: JSONWritable {
    package func write(to json: inout JSONWriter) {
        let rounded = (self * 1000).rounded() / 1000
        guard rounded.isFinite else { return json.null() }
        json.raw("\(rounded)".utf8)
    }
}

extension Array: JSONWritable where Element: JSONWritable {
    package func write(to json: inout JSONWriter) { json.array(self) { $1.write(to: &$0) } }
}

extension Timestamp: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.string(upTo: Self.longestText) { write(into: $0) }
    }
}

extension ID: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.string(upTo: Self.textLength) { write(into: $0) }
    }
}

extension JSONBytes: JSONWritable {
    package func write(to json: inout JSONWriter) { json.raw(bytes) }
}
