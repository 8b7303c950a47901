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
    package func write(to json: inout JSONWriter) { json.raw(String(self).utf8) }
}

extension Int64: JSONWritable {
    package func write(to json: inout JSONWriter) { json.raw(String(self).utf8) }
}

extension Array: JSONWritable where Element: JSONWritable {
    package func write(to json: inout JSONWriter) { json.array(self) { $1.write(to: &$0) } }
}

extension Timestamp: JSONWritable {
    package func write(to json: inout JSONWriter) { json.string(plain: description.utf8) }
}

extension ID: JSONWritable {
    package func write(to json: inout JSONWriter) { json.string(plain: description.utf8) }
}

extension JSONBytes: JSONWritable {
    package func write(to json: inout JSONWriter) { json.raw(bytes) }
}
