/// Header fields in the order in which they came. Names compare without case; a name may come several times.
///
/// All text lies in one block, so that reading a request costs two allocations however many fields it has.
package struct HTTPHeaders: Sendable {
    private struct Field {
        let start: Int
        let nameEnd: Int
        let end: Int
    }

    private var bytes: [UInt8] = []
    private var fields: [Field] = []

    package init() {}

    package init(_ pairs: some Sequence<(String, String)>) {
        for (name, value) in pairs { add(name, value) }
    }

    package var count: Int { fields.count }
    package var isEmpty: Bool { fields.isEmpty }

    /// The first value of `name`. Setting replaces every value of it; nil removes them.
    package subscript(name: String) -> String? {
        get { fields.first { isNamed($0, name) }.map(value) }
        set {
            fields = fields.filter { !isNamed($0, name) }
            if let newValue { add(name, newValue) }
        }
    }

    package func values(of name: String) -> [String] {
        fields.filter { isNamed($0, name) }.map(value)
    }

    package mutating func add(_ name: String, _ value: String) {
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        let nameEnd = bytes.count
        bytes.append(contentsOf: value.utf8)
        fields.append(Field(start: start, nameEnd: nameEnd, end: bytes.count))
    }

    mutating func add(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        let start = bytes.count
        bytes.append(contentsOf: name)
        let nameEnd = bytes.count
        bytes.append(contentsOf: value)
        fields.append(Field(start: start, nameEnd: nameEnd, end: bytes.count))
    }

    mutating func reserve(fields count: Int, bytes size: Int) {
        fields.reserveCapacity(count)
        bytes.reserveCapacity(size)
    }

    /// Each name and value as C strings, which are good during the call.
    func eachCString(_ body: (_ name: UnsafePointer<CChar>, _ value: UnsafePointer<CChar>) -> Void) {
        let longest = fields.reduce(0) { Swift.max($0, $1.end - $1.start) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: longest + 2) { text in
            for field in fields {
                let nameEnd = text.update(fromContentsOf: bytes[field.start..<field.nameEnd])
                text[nameEnd] = 0
                let end = text[(nameEnd + 1)...].update(fromContentsOf: bytes[field.nameEnd..<field.end])
                text[end] = 0
                text.withMemoryRebound(to: CChar.self) {
                    body($0.baseAddress!, $0.baseAddress! + nameEnd + 1)
                }
            }
        }
    }

    private func name(_ field: Field) -> String {
        String(decoding: bytes[field.start..<field.nameEnd], as: UTF8.self)
    }
    private func value(_ field: Field) -> String {
        String(decoding: bytes[field.nameEnd..<field.end], as: UTF8.self)
    }

    private func isNamed(_ field: Field, _ name: String) -> Bool {
        field.nameEnd - field.start == name.utf8.count
            && ASCII.equalsWithoutCase(bytes[field.start..<field.nameEnd], name.utf8)
    }
}

extension HTTPHeaders: Sequence {
    package struct Iterator: IteratorProtocol {
        fileprivate let headers: HTTPHeaders
        fileprivate var index = 0

        package mutating func next() -> (name: String, value: String)? {
            guard index < headers.fields.count else { return nil }
            defer { index += 1 }
            let field = headers.fields[index]
            return (headers.name(field), headers.value(field))
        }
    }

    package func makeIterator() -> Iterator { Iterator(headers: self) }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }
}
