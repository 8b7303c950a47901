/// Answers a request. A thrown `Problem` becomes its response; see `HTTPRequest.answer(with:logger:)`.
package typealias HTTPHandler = @Sendable (HTTPRequest) async throws -> HTTPResponse

/// Looks at a request before any of its body is read; what it returns is the answer, and ends the connection.
/// nil: read on. `body` is empty yet.
package typealias HTTPHeadCheck = @Sendable (HTTPRequest) -> Problem?

/// Does something before or after the handler it is given, or instead of it.
package typealias HTTPMiddleware = @Sendable (HTTPRequest, HTTPHandler) async throws -> HTTPResponse

extension [HTTPMiddleware] {
    /// `handler` inside all of them; the first is the outermost.
    package func wrapping(_ handler: @escaping HTTPHandler) -> HTTPHandler {
        reversed().reduce(handler) { inner, middleware in { try await middleware($0, inner) } }
    }
}
