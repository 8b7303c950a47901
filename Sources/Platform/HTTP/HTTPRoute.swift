/// One method on one path pattern: `/telegram/webhook/{bot_id}`.
package struct HTTPRoute: Sendable {
    package let method: HTTPMethod
    /// Segments are literal or `{name}`.
    package let pattern: String
    package let checkHead: HTTPHeadCheck?
    package let handler: HTTPHandler

    /// - Parameter checkHead: spares the server the bodies of requests that it refuses.
    package init(
        _ method: HTTPMethod, _ pattern: String, checkHead: HTTPHeadCheck? = nil,
        _ handler: @escaping HTTPHandler
    ) {
        self.method = method
        self.pattern = pattern
        self.checkHead = checkHead
        self.handler = handler
    }
}
