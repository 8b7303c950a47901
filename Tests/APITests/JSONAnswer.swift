import Platform
import Testing

/// A JSON answer as a test looks into it: `answer["invitation", "url"]`.
struct JSONAnswer {
    let value: JSONValue

    init(
        _ answer: HTTPClientResponse, _ status: Int, location: SourceLocation = #_sourceLocation
    ) throws {
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(answer.status == status, "\(text)", sourceLocation: location)
        value = try JSONValue(parsing: Array(answer.body))
    }

    private init(_ value: JSONValue) { self.value = value }

    /// The value at a path of names; nil when there is none.
    subscript(path: String...) -> JSONValue? {
        var value: JSONValue? = value
        for name in path {
            guard case .object(let members)? = value else { return nil }
            value = members.first { $0.name == name }?.value
        }
        return value
    }

    func text(_ name: String) throws -> String {
        guard case .string(let text)? = self[name] else { throw TestedValue.missing(name) }
        return text
    }

    /// The elements of `data`.
    var rows: [JSONAnswer] {
        guard case .array(let rows)? = self["data"] else { return [] }
        return rows.map(JSONAnswer.init)
    }

    /// What a problem's `errors` point at.
    var pointers: [String] {
        guard case .array(let errors)? = self["errors"] else { return [] }
        return errors.compactMap { try? JSONAnswer($0).text("pointer") }
    }

    private enum TestedValue: Error { case missing(String) }
}
