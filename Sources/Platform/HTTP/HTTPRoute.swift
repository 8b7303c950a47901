/// One method on one path pattern: `/telegram/webhook/{bot_id}`.
package struct HTTPRoute: Sendable {
    package let method: HTTPMethod
    /// Segments are literal or `{name}`.
    package let pattern: String
    package let handler: HTTPHandler

    package init(_ method: HTTPMethod, _ pattern: String, _ handler: @escaping HTTPHandler) {
        self.method = method
        self.pattern = pattern
        self.handler = handler
    }
}
