/// A request whose body has arrived in full.
package struct HTTPRequest: Sendable {
    /// `req_` and 26 characters; on the answer as `Request-Id` and in every log line about it.
    package let id: String
    package var method: HTTPMethod
    /// Percent-decoded, from `/` to before `?`.
    package var path: String
    /// What stands after `?`, still encoded; see `HTTPQuery`.
    package var query: String?
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// The other end of the connection.
    package let peer: IPAddress
    /// Who asked, as trusted proxies tell; the peer when there are none.
    package var client: IPAddress
    /// Whether a trusted proxy says that the client came by TLS.
    package var isSecure: Bool
    package let receivedAt: Timestamp
    /// After this the client has got its 503 and the task is cancelled.
    package let deadline: ContinuousClock.Instant
    /// Filled in by the router: the path's `{name}` segments.
    package var parameters = PathParameters([:])
    /// Filled in by the router: the pattern that matched.
    package var route: String?
    /// nil for a request that came by no server.
    var exchange: HTTPExchange?

    package init(
        id: String, method: HTTPMethod, path: String, query: String? = nil, headers: HTTPHeaders = [:],
        body: [UInt8] = [], peer: IPAddress, client: IPAddress? = nil, isSecure: Bool = false,
        receivedAt: Timestamp = .now, deadline: ContinuousClock.Instant
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.peer = peer
        self.client = client ?? peer
        self.isSecure = isSecure
        self.receivedAt = receivedAt
        self.deadline = deadline
    }
}
