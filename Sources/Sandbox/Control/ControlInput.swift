import Platform

/// The JSON body of a control request, read field by field; all that is wrong with it is told at once.
struct ControlInput {
    private let body: JSON
    private var known: Set<String> = []
    private var errors: [Problem.FieldError] = []

    /// No body counts as an object without fields. The content type is not looked at, for curl's sake.
    /// - Throws: `Problem` 400 for what is no JSON object.
    init(_ request: HTTPRequest) throws {
        body = try Self.object(request.body)
    }

    static func object(_ bytes: [UInt8]) throws -> JSON {
        if bytes.isEmpty { return [:] }
        guard let value = try? JSON(parsing: bytes), case .object = value else {
            throw Problem.badRequest("invalid_json", "The body is not a JSON object")
        }
        return value
    }

    mutating func text(_ name: String) -> String? {
        guard let value = field(name) else { return nil }
        if let text = value.stringValue { return text }
        reject(name, "must be a string")
        return nil
    }

    mutating func requiredText(_ name: String) -> String {
        let value = text(name)
        if value == nil && field(name) == nil { reject(name, "is required") }
        return value ?? ""
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int64> = .min ... .max) -> Int64? {
        guard let value = field(name) else { return nil }
        if let number = value.integerValue, range.contains(number) { return number }
        let bounds = range == Int64.min...Int64.max ? "" : " from \(range.lowerBound) to \(range.upperBound)"
        reject(name, "must be an integer" + bounds)
        return nil
    }

    /// A string, or a number as its digits.
    mutating func word(_ name: String) -> String? {
        guard let value = field(name) else { return nil }
        switch value {
        case .string(let text), .number(let text): return text
        default:
            reject(name, "must be a string or a number")
            return nil
        }
    }

    mutating func reject(_ name: String, _ detail: String) {
        errors.append(Problem.FieldError(pointer: "/" + name, code: "invalid", detail: detail))
    }

    /// Call once every field has been asked for.
    /// - Throws: `Problem` 422
    func finish() throws {
        guard case .object(let members) = body else { return }
        let unknown = members.filter { !known.contains($0.name) }.map {
            Problem.FieldError(pointer: "/" + $0.name, code: "unknown_field", detail: "is not known here")
        }
        guard errors.isEmpty && unknown.isEmpty else {
            throw Problem(422, "invalid", "The request has faults", errors: errors + unknown)
        }
    }

    /// null counts as absent.
    private mutating func field(_ name: String) -> JSON? {
        known.insert(name)
        return body[name] == .null ? nil : body[name]
    }
}
