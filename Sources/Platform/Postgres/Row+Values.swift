import FoundationEssentials

/// The commonest columns without generics: code that knows its type only at run time costs ten times as much, and a
/// list reads hundreds of values. Which one is meant is told by the type that is wanted, as for `next(_:)`.
extension Row {
    package mutating func next() throws -> String { try required(String.decode, "String") }
    package mutating func next() throws -> String? { try optional(String.decode, "String") }
    package mutating func next() throws -> Timestamp { try required(Timestamp.decode, "Timestamp") }
    package mutating func next() throws -> Timestamp? { try optional(Timestamp.decode, "Timestamp") }
    package mutating func next() throws -> Int64 { try required(Int64.decode, "Int64") }
    package mutating func next() throws -> Int64? { try optional(Int64.decode, "Int64") }
    package mutating func next() throws -> UUID { try required(UUID.decode, "UUID") }
    package mutating func next() throws -> UUID? { try optional(UUID.decode, "UUID") }
    package mutating func next() throws -> JSONBytes { try required(JSONBytes.decode, "JSONBytes") }

    package mutating func next<Entity>() throws -> ID<Entity> { ID(try next() as UUID) }
    package mutating func next<Entity>() throws -> ID<Entity>? { (try next() as UUID?).map { ID($0) } }

    /// An enumeration of texts.
    package mutating func next<Choice>() throws -> Choice
    where Choice: RawRepresentable<String>, Choice: PostgresDecodable {
        guard let choice = Choice(rawValue: try next() as String) else {
            throw mismatch(expected: "\(Choice.self)")
        }
        return choice
    }

    @inline(__always)
    private mutating func required<Value>(
        _ decode: (UnsafeRawBufferPointer, UInt32) -> Value?, _ expected: String
    ) throws -> Value {
        let field = try take()
        guard let bytes = field.bytes, let value = decode(bytes, field.type) else {
            throw mismatch(expected: expected)
        }
        return value
    }

    @inline(__always)
    private mutating func optional<Value>(
        _ decode: (UnsafeRawBufferPointer, UInt32) -> Value?, _ expected: String
    ) throws -> Value? {
        let field = try take()
        guard let bytes = field.bytes else { return nil }
        guard let value = decode(bytes, field.type) else { throw mismatch(expected: expected) }
        return value
    }
}
