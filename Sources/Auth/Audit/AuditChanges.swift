import Platform

/// What an action changed, field by field. Only what is named here is kept; secrets never are, only that they changed.
package struct AuditChanges: Sendable {
    private var fields: [(name: String, from: JSONValue, to: JSONValue)] = []

    package init() {}

    package var isEmpty: Bool { fields.isEmpty }

    /// Adds a field when it changed.
    package mutating func add(_ name: String, from: JSONValue = .null, to: JSONValue = .null) {
        if from != to { fields.append((name, from, to)) }
    }

    package mutating func add(_ name: String, from: String?, to: String?) {
        add(name, from: from.map { .string($0) } ?? .null, to: to.map { .string($0) } ?? .null)
    }

    /// Notes that a secret changed.
    package mutating func addSecret(_ name: String) {
        fields.append((name, .string("[redacted]"), .string("[redacted]")))
    }

    /// `{"role":{"from":"support","to":"trainer"}}`; nil when nothing changed.
    package var json: String? {
        guard !fields.isEmpty else { return nil }
        var json = JSONWriter()
        json.object { json in
            for field in fields {
                json.key(named: field.name)
                json.object {
                    $0.field("from", field.from)
                    $0.field("to", field.to)
                }
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
