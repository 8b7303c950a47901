/// An answer. The server adds `Date`, `Content-Length` and `Request-Id`.
package struct HTTPResponse: Sendable {
    package enum Body: Sendable {
        case empty
        case bytes([UInt8])
        case shared(SharedBody)
        /// Sent while it is produced. A throw cuts the answer off, so that the client sees it is incomplete.
        case stream(@Sendable (HTTPBodyWriter) async throws -> Void)
    }

    package var status: Int
    package var headers: HTTPHeaders
    package var body: Body

    package init(status: Int, headers: HTTPHeaders = [:], body: Body = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package static func json(_ status: Int, _ bytes: [UInt8], headers: HTTPHeaders = [:]) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: .bytes(bytes)).typed("application/json")
    }

    package static func text(
        _ text: String, status: Int = 200, type: String = "text/plain; charset=utf-8"
    ) -> HTTPResponse {
        HTTPResponse(status: status, body: .bytes(Array(text.utf8))).typed(type)
    }

    package static func shared(_ body: SharedBody, type: String) -> HTTPResponse {
        HTTPResponse(status: 200, body: .shared(body)).typed(type)
    }

    private func typed(_ type: String) -> HTTPResponse {
        var copy = self
        copy.headers.add("Content-Type", type)
        return copy
    }
}
