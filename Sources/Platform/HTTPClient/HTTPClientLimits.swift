/// What one client may use at a time, all parties together.
package struct HTTPClientLimits: Sendable {
    /// Requests under way, and so connections: on HTTP/1.1 each request has its own.
    package var concurrent: Int
    /// Requests of one party under way to one origin (scheme, host and port), so that a slow one leaves room for the
    /// others.
    package var concurrentPerOrigin: Int
    /// Requests that wait for a place; more are refused.
    package var queued: Int
    /// Open connections kept for later.
    package var idleConnections: Int
    /// Bytes of an answer's header lines.
    package var responseHeaders: Int
    /// Bytes read from a connection at a time, which each request under way holds: few where thousands wait.
    package var readBuffer = 16_384
    /// Lets an https request wait for a connection that is being made, to share it if it turns out to be HTTP/2: for
    /// thousands of requests to one server.
    package var sharesConnections = false

    package init(
        concurrent: Int = 1024, concurrentPerOrigin: Int = 128, queued: Int = 4096,
        idleConnections: Int = 512,
        responseHeaders: Int = 32_768
    ) {
        self.concurrent = concurrent
        self.concurrentPerOrigin = concurrentPerOrigin
        self.queued = queued
        self.idleConnections = idleConnections
        self.responseHeaders = responseHeaders
    }
}
