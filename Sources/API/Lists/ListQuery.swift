import Platform
import Tenancy

/// The parameters that lists have in common: `limit`, `cursor` and the list's own filters.
struct ListQuery: Sendable {
    private static let limits = 1...200
    private static let standardLimit = 50

    let limit: Int
    /// Whether the client has named a limit or a cursor.
    let isPaged: Bool
    /// The key of the last row that the client has, as `Page` was given it; nil at the beginning.
    let after: String?
    private let filters: [String: String]
    private let cursor: Cursor

    /// - Parameter filters: the names of the parameters that narrow this list.
    /// - Throws: `Problem` 400 for a wrong limit, a cursor that is not of this list, an unknown or repeated parameter.
    init(_ request: HTTPRequest, of tenant: ID<Tenant>, filters names: Set<String> = [], box: SecretBox)
        throws
    {
        guard let query = HTTPQuery(request.query) else {
            throw Problem.queryNotText
        }
        var values: [String: String] = [:]
        for (name, value) in query.items {
            guard name == "limit" || name == "cursor" || names.contains(name) else {
                throw Problem.unknownParameter(name)
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw Problem.badRequest("invalid_parameter", "A parameter is given twice", detail: name)
            }
        }
        isPaged = values["limit"] != nil || values["cursor"] != nil
        limit = try Self.limit(values.removeValue(forKey: "limit"))
        let cursorText = values.removeValue(forKey: "cursor")
        filters = values
        let cursor = Cursor(box: box, tenant: tenant, path: request.path, filters: values)
        self.cursor = cursor
        after = try cursorText.map { text in
            guard let key = cursor.open(text) else {
                throw Problem.badRequest("invalid_cursor", "The cursor is not one of this list")
            }
            return key
        }
    }

    /// A filter's value, parsed; nil when it is not given.
    /// - Throws: `Problem` 400 when `parse` gives nil.
    func filter<T>(_ name: String, expected: String, _ parse: (String) -> T?) throws -> T? {
        guard let text = filters[name] else { return nil }
        guard let value = parse(text) else {
            throw Problem.badRequest(
                "invalid_parameter", "A parameter is wrong", detail: "\(name) must be \(expected)")
        }
        return value
    }

    /// The id that the list goes on after.
    /// - Throws: `Problem` 400; only a cursor that this program made gets so far.
    func after<Entity>(_: Entity.Type) throws -> ID<Entity>? {
        try after.map { text in
            guard let id = ID<Entity>(text) else {
                throw Problem.badRequest("invalid_cursor", "The cursor is not one of this list")
            }
            return id
        }
    }

    /// - Parameters:
    ///   - rows: in the list's order, and one more than `limit` when there are more.
    ///   - key: what tells where a row stands in the list.
    func answer<R>(_ rows: [R], key: (R) -> String, write: (inout JSONWriter, R) -> Void) -> HTTPResponse {
        let page = rows.prefix(limit)
        return answer(page, next: rows.count > limit ? page.last.map(key) : nil, write: write)
    }

    /// - Parameter next: the key that the list goes on after; nil at its end.
    func answer<Rows: Collection>(
        _ page: Rows, next key: String?, write: (inout JSONWriter, Rows.Element) -> Void
    ) -> HTTPResponse {
        var json = JSONWriter(capacity: 256 * (page.count + 1))
        let next = key.flatMap { cursor.seal($0) }
        json.object { json in
            json.field("data") { json in json.array(page, write) }
            json.field("next_cursor", next)
            json.field("has_more", key != nil)
        }
        return .json(200, json.bytes)
    }

    func answer<R: JSONWritable>(_ rows: [R], key: (R) -> String) -> HTTPResponse {
        answer(rows, key: key) { $1.write(to: &$0) }
    }

    private static func limit(_ text: String?) throws -> Int {
        guard let text else { return standardLimit }
        let isNumber =
            !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        // More digits than an Int holds are above the highest, too.
        let limit = isNumber ? Int(text) ?? limits.upperBound : 0
        guard limit >= limits.lowerBound else {
            throw Problem.badRequest(
                "invalid_parameter", "A parameter is wrong", detail: "limit must be a number, 1 or more")
        }
        return min(limit, limits.upperBound)
    }
}

extension Problem {
    static let queryNotText = Problem.badRequest(
        "invalid_parameter", "The query is not valid percent-encoded UTF-8")

    static func unknownParameter(_ name: String) -> Problem {
        .badRequest("unknown_parameter", "There is no such parameter", detail: name)
    }
}
