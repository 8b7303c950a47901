import Platform

/// A resource's version as an entity tag (RFC 9110 section 8.8.3), made of its id and `updated_at`, which every
/// change moves.
struct ETag: Sendable, Equatable, CustomStringConvertible {
    let description: String

    init<Entity>(_ id: ID<Entity>, _ updatedAt: Timestamp) {
        description = "\"\(id.suffix.suffix(8))-\(String(updatedAt.microsecondsSince1970, radix: 32))\""
    }

    /// Of what never changes, and is told apart by a number.
    init<Entity>(_ id: ID<Entity>, version: Int64) {
        description = "\"\(id.suffix.suffix(8))-\(String(version, radix: 32))\""
    }

    private init(description: String) { self.description = description }

    /// Of the same version in another form: a strong tag is of the same bytes.
    func variant(_ name: some CustomStringConvertible) -> ETag {
        ETag(description: "\(description.dropLast())-\(name)\"")
    }

    /// Refuses to change what is not the version that the client means (RFC 9110 section 13.1.1).
    /// - Parameter other: the tag of the version's other form, if it has one.
    /// - Throws: `Problem` 412
    func requireMatch(_ request: HTTPRequest, or other: ETag? = nil) throws {
        let wanted = request.headers.values(of: "If-Match")
        guard !wanted.isEmpty, !Self.list(wanted, contains: self) else { return }
        if let other, Self.list(wanted, contains: other) { return }
        throw Problem(
            412, "precondition_failed", "The resource has changed since", headers: ["ETag": description])
    }

    /// The same for a version that is shown with what changes by itself: any form of it matches.
    /// - Throws: `Problem` 412
    func requireMatch(orVariantIn request: HTTPRequest) throws {
        let forms = request.headers.values(of: "If-Match").flatMap { $0.split(separator: ",") }
        let isVariant = forms.contains {
            $0.drop(while: \.isWhitespace).hasPrefix("\(description.dropLast())-")
        }
        if !isVariant { try requireMatch(request) }
    }

    /// Whether the client has this version already (RFC 9110 section 13.1.2; the comparison is the weak one).
    func isKnown(to request: HTTPRequest) -> Bool {
        let known = request.headers.values(of: "If-None-Match")
            .map { $0.replacing("W/\"", with: "\"") }
        return !known.isEmpty && Self.list(known, contains: self)
    }

    private static func list(_ values: [String], contains tag: ETag) -> Bool {
        values.contains { value in
            value.split(separator: ",").contains { element in
                let element = element.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace)
                    .reversed()
                let text = String(element)
                return text == "*" || text == tag.description
            }
        }
    }
}

extension HTTPResponse {
    /// A single resource with its version: 200, or 304 for a client that has it.
    static func resource(
        _ resource: some JSONWritable, _ tag: ETag, for request: HTTPRequest
    ) -> HTTPResponse {
        let isRead = request.method == .get || request.method == .head
        if isRead, tag.isKnown(to: request) {
            return HTTPResponse(status: 304, headers: ["ETag": tag.description])
        }
        return .json(200, resource.json, headers: ["ETag": tag.description])
    }

    /// A resource just made, with where it is.
    static func created(_ resource: some JSONWritable, at location: String, _ tag: ETag? = nil)
        -> HTTPResponse
    {
        var headers: HTTPHeaders = ["Location": location]
        if let tag { headers.add("ETag", tag.description) }
        return .json(201, resource.json, headers: headers)
    }

    static var noContent: HTTPResponse { HTTPResponse(status: 204) }
}
