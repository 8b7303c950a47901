/// A JSON value (RFC 8259). Numbers keep their digits and objects the order of their members, so that what a
/// bot sent is shown as it was sent.
enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The number's text.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    struct Member: Sendable, Equatable {
        let name: String
        var value: JSON
    }

    static func integer(_ value: some BinaryInteger) -> JSON { .number(String(value)) }

    /// Members whose value is nil are left out.
    static func members(_ members: KeyValuePairs<String, JSON?>) -> JSON {
        .object(members.compactMap { name, value in value.map { Member(name: name, value: $0) } })
    }

    /// The last member of this name; nil for anything but an object.
    subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// nil for fractions and for what does not fit into 64 bits.
    var integerValue: Int64? {
        if case .number(let text) = self { Int64(text) } else { nil }
    }

    var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    var arrayValue: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// This object with `members` after its own; those that are nil are left out.
    func adding(_ members: KeyValuePairs<String, JSON?>) -> JSON { adding(JSON.members(members)) }

    func adding(_ other: JSON) -> JSON {
        guard case .object(let own) = self, case .object(let more) = other else { return self }
        return .object(own + more)
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(arrayLiteral elements: JSON...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member(name: $0.0, value: $0.1) })
    }
}
