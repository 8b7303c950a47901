import Platform

/// The JSON object that a request carries, read field by field. What is wrong with fields is collected, so that the
/// client learns of all of it at once; fields that nobody asked for are wrong, too.
///
/// A type that a body describes has an initializer `init?(_ body: inout RequestBody)`, which gives nil when something
/// is missing, and is read by `RequestBody(request).read(NewThing.init)`.
struct RequestBody {
    private let members: [String: JSONValue]
    private let pointer: String
    private var asked: Set<String> = []
    private(set) var errors: [Problem.FieldError] = []

    private init(_ members: [JSONMember], pointer: String = "") {
        self.members = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
        self.pointer = pointer
    }

    /// - Throws: `Problem`: 415 for another type than JSON, 400 for what is no JSON object.
    init(_ request: HTTPRequest, isPatch: Bool = false) throws {
        let type = (request.headers["Content-Type"] ?? "").prefix { $0 != ";" }.lowercased()
            .filter { !$0.isWhitespace }
        guard type == "application/json" || isPatch && type == "application/merge-patch+json" else {
            throw Problem(415, "unsupported_media_type", "The body must be application/json")
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: request.body)
        } catch .repeatedName(let name) {
            throw Problem.badRequest("invalid_json", "The body names a field twice", detail: name)
        } catch {
            throw Problem.badRequest("invalid_json", "The body is not JSON")
        }
        guard case .object(let members) = value else {
            throw Problem.badRequest("invalid_json", "The body is not a JSON object")
        }
        self.init(members)
    }

    /// - Throws: `Problem` 422 for wrong fields.
    func read<T>(_ make: (inout RequestBody) -> T?) throws -> T {
        var body = self
        let made = make(&body)
        body.refuseUnknown()
        guard body.errors.isEmpty, let made else { throw Problem.invalidFields(body.errors) }
        return made
    }

    // MARK: Fields

    /// - Returns: nil when it is missing or wrong, which is noted.
    mutating func required<T>(_ name: String, _ form: Field<T>) -> T? {
        asked.insert(name)
        guard let value = members[name], value != .null else {
            fail(name, "required", "is required")
            return nil
        }
        return parsed(value, name, form)
    }

    /// - Returns: nil when it is absent, null or wrong; what is wrong is noted.
    mutating func optional<T>(_ name: String, _ form: Field<T>) -> T? {
        asked.insert(name)
        guard let value = members[name], value != .null else { return nil }
        return parsed(value, name, form)
    }

    /// A field of a merge patch (RFC 7396) that cannot be removed.
    mutating func patch<T>(_ name: String, _ form: Field<T>) -> T? {
        asked.insert(name)
        guard let value = members[name] else { return nil }
        return parsed(value, name, form)
    }

    /// A field of a merge patch that null removes.
    mutating func removable<T>(_ name: String, _ form: Field<T>) -> Patch<T> {
        asked.insert(name)
        guard let value = members[name] else { return .unchanged }
        if value == .null { return .removed }
        return parsed(value, name, form).map { .set($0) } ?? .unchanged
    }

    /// An object within, read in the same way. nil when it is absent or, which is noted, no object.
    mutating func object<T>(_ name: String, _ make: (inout RequestBody) -> T?) -> T? {
        asked.insert(name)
        guard let value = members[name] else { return nil }
        guard case .object(let inner) = value else {
            fail(name, "invalid", "must be an object")
            return nil
        }
        var body = RequestBody(inner, pointer: pointer + "/" + Self.escaped(name))
        let made = make(&body)
        body.refuseUnknown()
        errors += body.errors
        return made
    }

    /// The same for one that null leaves out, too.
    mutating func optional<T>(object name: String, _ make: (inout RequestBody) -> T?) -> T? {
        asked.insert(name)
        return members[name] == .null ? nil : object(name, make)
    }

    /// A required list of objects within, each read in the same way. nil when it is missing or wrong, which is noted.
    mutating func objects<T>(
        _ name: String, _ count: ClosedRange<Int>, _ make: (inout RequestBody) -> T?
    ) -> [T]? {
        let values = required(
            name, Field<[JSONValue]>.list(of: Field(expected: "an object") { $0 }, count))
        guard let values else { return nil }
        var made: [T] = []
        for (place, value) in values.enumerated() {
            guard case .object(let inner) = value else {
                errors.append(
                    .init(
                        pointer: "\(pointer)/\(Self.escaped(name))/\(place)", code: "invalid",
                        detail: "must be an object"))
                continue
            }
            var body = RequestBody(inner, pointer: "\(pointer)/\(Self.escaped(name))/\(place)")
            if let thing = make(&body) { made.append(thing) }
            body.refuseUnknown()
            errors += body.errors
        }
        return made.count == values.count ? made : nil
    }

    /// The same in a merge patch, for one that null removes.
    mutating func removable<T>(object name: String, _ make: (inout RequestBody) -> T?) -> Patch<T> {
        asked.insert(name)
        if members[name] == .null { return .removed }
        return object(name, make).map { .set($0) } ?? .unchanged
    }

    /// Notes a fault that only shows when fields are seen together.
    mutating func fail(_ name: String, _ code: String, _ detail: String) {
        errors.append(.init(pointer: pointer + "/" + Self.escaped(name), code: code, detail: detail))
    }

    private mutating func parsed<T>(_ value: JSONValue, _ name: String, _ form: Field<T>) -> T? {
        if let parsed = form.parse(value) { return parsed }
        fail(name, "invalid", "must be " + form.expected)
        return nil
    }

    private mutating func refuseUnknown() {
        for name in members.keys.sorted() where !asked.contains(name) {
            fail(name, "unknown", "is not a field that can be set here")
        }
    }

    /// RFC 6901 section 3.
    private static func escaped(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}

extension Problem {
    static func invalidFields(_ errors: [FieldError]) -> Problem {
        Problem(422, "invalid_fields", "Some fields are missing or wrong", errors: errors)
    }

    static func invalidField(_ pointer: String, _ code: String, _ detail: String) -> Problem {
        .invalidFields([FieldError(pointer: pointer, code: code, detail: detail)])
    }
}
