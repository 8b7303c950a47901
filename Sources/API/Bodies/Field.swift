import Platform

/// The form of one field of a request's body.
struct Field<Value> {
    /// What clients are told when it is something else, after "must be".
    let expected: String
    let parse: (JSONValue) -> Value?

    init(expected: String, parse: @escaping (JSONValue) -> Value?) {
        self.expected = expected
        self.parse = parse
    }

    /// The same with a further condition.
    func which(_ expected: String, _ condition: @escaping (Value) -> Bool) -> Field {
        Field(expected: expected) { parse($0).flatMap { condition($0) ? $0 : nil } }
    }
}

extension Field where Value == String {
    /// Text without control characters and NUL, trimmed of nothing.
    /// - Parameter length: in Unicode scalars, as PostgreSQL counts.
    static func text(_ length: ClosedRange<Int>) -> Field {
        Field(expected: "text of \(length.lowerBound) to \(length.upperBound) characters") {
            guard case .string(let text) = $0, length.contains(text.unicodeScalars.count),
                text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
            else { return nil }
            return text
        }
    }

    /// Any string, for secrets: control characters are the caller's own.
    static func secret(upTo length: Int) -> Field {
        Field(expected: "text of at most \(length) characters") {
            guard case .string(let text) = $0, text.unicodeScalars.count <= length else { return nil }
            return text
        }
    }

    /// An address as far as it can be told without writing to it.
    static var email: Field {
        Field(expected: "an e-mail address") {
            guard case .string(let text) = $0, EmailAddress.isValid(text) else { return nil }
            return text
        }
    }
}

extension Field where Value == Int {
    /// Also written 5.0 or 5e0, which JSON Schema takes for whole as well.
    static func integer(_ range: ClosedRange<Int>) -> Field {
        Field(expected: "a whole number from \(range.lowerBound) to \(range.upperBound)") {
            guard case .number(let text) = $0 else { return nil }
            let number = Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
            return number.flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension Field where Value == Bool {
    static var boolean: Field {
        Field(expected: "true or false") {
            guard case .bool(let value) = $0 else { return nil }
            return value
        }
    }
}

extension Field where Value == Timestamp {
    static var timestamp: Field {
        Field(expected: "a time such as 2026-01-31T23:59:59Z") {
            guard case .string(let text) = $0 else { return nil }
            return Timestamp(text)
        }
    }
}

extension Field where Value: RawRepresentable<String> & CaseIterable {
    static var choice: Field {
        Field(expected: "one of " + Value.allCases.map(\.rawValue).joined(separator: ", ")) {
            guard case .string(let text) = $0 else { return nil }
            return Value(rawValue: text)
        }
    }
}

extension Field {
    static func id<Entity>(of _: Entity.Type = Entity.self) -> Field where Value == ID<Entity> {
        Field(expected: "an id \(Entity.prefix)_…") {
            guard case .string(let text) = $0 else { return nil }
            return ID<Entity>(text)
        }
    }

    static func list<Element>(of element: Field<Element>, _ count: ClosedRange<Int>) -> Field
    where Value == [Element] {
        Field(expected: "a list of \(count.lowerBound) to \(count.upperBound), each \(element.expected)") {
            guard case .array(let values) = $0, count.contains(values.count) else { return nil }
            let parsed = values.compactMap(element.parse)
            return parsed.count == values.count ? parsed : nil
        }
    }
}
