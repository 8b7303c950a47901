import Platform

/// The query of a control request.
struct ControlQuery {
    private let query: HTTPQuery

    /// - Throws: `Problem` 400 for a parameter that is not known.
    init(_ request: HTTPRequest, known: Set<String>) throws {
        guard let query = HTTPQuery(request.query) else {
            throw Problem.badRequest("invalid_query", "The query is not percent-encoded UTF-8")
        }
        if let name = query.names.first(where: { !known.contains($0) }) {
            throw Problem.badRequest("unknown_parameter", "A parameter is not known", detail: name)
        }
        self.query = query
    }

    subscript(name: String) -> String? { query[name] }

    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = query[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw Problem.badRequest(
                "invalid_parameter", "A parameter has a value that is not allowed",
                detail: "\(name) must be an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
