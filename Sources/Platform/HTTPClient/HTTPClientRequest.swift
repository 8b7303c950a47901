import FoundationEssentials

/// One HTTP request to another server.
package struct HTTPClientRequest: Sendable {
    package var method: String
    /// Absolute, `http` or `https`, without credentials. Which ports are allowed is the caller's rule.
    package var url: String
    /// Sent as given, in order. `Host`, `Content-Length`, `Transfer-Encoding` and `Connection` are the client's own.
    package var headers: [(String, String)]
    package var body: [UInt8]
    /// For name look-up, TCP and TLS together. Does not count on a connection that is reused.
    package var connectTimeout: Duration
    /// From when it has its place to the end of the answer. Waiting for the place may take as long before.
    package var timeout: Duration
    /// Bytes of the answer's body that are kept. A longer answer is cut and its connection closed.
    package var responseLimit: Int
    /// The same for a successful answer whose type is JSON or a form, when it may be longer.
    package var dataLimit: Int?
    /// Asked on the loop when the request gets its place, which may be long after `send`. When the answer is no,
    /// nothing is sent, as when there is no place.
    package var isStillWanted: (@Sendable () -> Bool)?
    /// Whom it is made for: each party has its fair share of what the client may do at a time, and an origin's limit
    /// for itself.
    package var party: UUID?
    /// What can be ended together, by `HTTPClient.end`.
    package var group: Int?

    package init(
        method: String = "POST", url: String, headers: [(String, String)] = [], body: [UInt8] = [],
        connectTimeout: Duration = .seconds(5), timeout: Duration = .seconds(10), responseLimit: Int = 65_536,
        party: UUID? = nil, isStillWanted: (@Sendable () -> Bool)? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.responseLimit = responseLimit
        self.party = party
        self.isStillWanted = isStillWanted
    }
}
