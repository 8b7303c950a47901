/// A JSON text (RFC 8259) read whole: for request bodies, where every member is looked at.
///
/// Stricter than most decoders: a name may come once in an object, and nesting is bounded. Numbers keep their text,
/// so that none is rounded before it is known what it is for.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// Why a text was refused.
    package enum Fault: Error, Equatable, Sendable {
        case notJSON
        case repeatedName(String)
    }

    /// - Throws: `Fault`
    package init(parsing bytes: [UInt8]) throws(Fault) {
        self = try Self.parse(bytes)
    }

    private static func parse(_ bytes: [UInt8]) throws(Fault) -> JSONValue {
        // Strings are cut out as they stand, so the whole must be UTF-8.
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .notJSON }
        let result = bytes.withUnsafeBufferPointer { text -> Result<JSONValue, Fault> in
            var reader = JSONValueReader(text)
            return Result { () throws(Fault) in try reader.document() }
        }
        return try result.get()
    }
}

extension JSONValue {
    /// With the members of every object by name.
    package var sorted: JSONValue {
        switch self {
        case .null, .bool, .number, .string: self
        case .array(let elements): .array(elements.map(\.sorted))
        case .object(let members):
            .object(members.map { JSONMember($0.name, $0.value.sorted) }.sorted { $0.name < $1.name })
        }
    }
}

/// One member of an object.
package struct JSONMember: Sendable, Equatable {
    package let name: String
    package let value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}

extension JSONValue: JSONWritable {
    package func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let value): value.write(to: &json)
        case .number(let text): json.raw(text.utf8)
        case .string(let text): json.string(text)
        case .array(let elements): elements.write(to: &json)
        case .object(let members):
            json.object { json in
                for member in members {
                    json.key(named: member.name)
                    member.value.write(to: &json)
                }
            }
        }
    }
}

/// Builds values while the scanner walks over the text.
private struct JSONValueReader {
    private static let deepest = 32

    private let text: UnsafeBufferPointer<UInt8>
    private var scanner: JSONScanner

    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
        scanner = JSONScanner(text)
    }

    mutating func document() throws(JSONValue.Fault) -> JSONValue {
        let value = try value(depth: 0)
        guard scanner.isAtEnd() else { throw .notJSON }
        return value
    }

    private mutating func value(depth: Int) throws(JSONValue.Fault) -> JSONValue {
        guard depth <= Self.deepest else { throw .notJSON }
        if scanner.take("{") { return .object(try members(depth: depth + 1)) }
        if scanner.take("[") { return .array(try elements(depth: depth + 1)) }
        guard let range = scanner.value() else { throw .notJSON }
        switch text[range.lowerBound] {
        case UInt8(ascii: "\""): return .string(try string(range.dropFirst().dropLast()))
        case UInt8(ascii: "t"): return .bool(true)
        case UInt8(ascii: "f"): return .bool(false)
        case UInt8(ascii: "n"): return .null
        default: return .number(String(decoding: text[range], as: UTF8.self))
        }
    }

    private mutating func members(depth: Int) throws(JSONValue.Fault) -> [JSONMember] {
        var members: [JSONMember] = []
        var names: Set<String> = []
        if scanner.take("}") { return [] }
        repeat {
            guard let raw = scanner.name() else { throw .notJSON }
            let name = try string(raw.range)
            guard names.insert(name).inserted else { throw .repeatedName(name) }
            members.append(JSONMember(name, try value(depth: depth)))
        } while scanner.take(",")
        guard scanner.take("}") else { throw .notJSON }
        return members
    }

    private mutating func elements(depth: Int) throws(JSONValue.Fault) -> [JSONValue] {
        var elements: [JSONValue] = []
        if scanner.take("]") { return [] }
        repeat { elements.append(try value(depth: depth)) } while scanner.take(",")
        guard scanner.take("]") else { throw .notJSON }
        return elements
    }

    private func string(_ range: Range<Int>) throws(JSONValue.Fault) -> String {
        guard let string = JSONEscapes.decode(text[range]) else { throw .notJSON }
        return string
    }
}
