/// An error as clients see it (RFC 9457, `application/problem+json`).
package struct Problem: Error, Sendable {
    /// What is wrong with one field of the request.
    package struct FieldError: Sendable, Equatable {
        /// JSON Pointer (RFC 6901) into the body.
        package let pointer: String
        package let code: String
        package let detail: String

        package init(pointer: String, code: String, detail: String) {
            self.pointer = pointer
            self.code = code
            self.detail = detail
        }
    }

    package let status: Int
    /// For programs: lower case with underscores. `type` is `urn:rookery:problem:` and it.
    package let code: String
    package let title: String
    package var detail: String?
    package var errors: [FieldError]
    package var headers: HTTPHeaders
    /// Further members of the object: names and JSON values.
    package var members: [(name: String, json: String)]

    package init(
        _ status: Int, _ code: String, _ title: String, detail: String? = nil, errors: [FieldError] = [],
        headers: HTTPHeaders = [:], members: [(name: String, json: String)] = []
    ) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.members = members
    }

    package func response(requestID: String) -> HTTPResponse {
        var headers = headers
        headers.add("Content-Type", "application/problem+json")
        return HTTPResponse(
            status: status, headers: headers, body: .bytes(Array(json(requestID: requestID).utf8)))
    }

    func json(requestID: String) -> String {
        var text = JSONText()
        text.field("type", "urn:rookery:problem:" + code)
        text.field("title", title)
        text.field("status", literal: "\(status)")
        if let detail { text.field("detail", detail) }
        text.field("code", code)
        text.field("request_id", requestID)
        if !errors.isEmpty {
            text.field("errors", literal: "[" + errors.map(\.json).joined(separator: ",") + "]")
        }
        for member in members { text.field(member.name, literal: member.json) }
        return text.finished
    }
}

extension Problem.FieldError {
    fileprivate var json: String {
        var text = JSONText()
        text.field("pointer", pointer)
        text.field("code", code)
        text.field("detail", detail)
        return text.finished
    }
}
