/// One request and its answer.
///
/// `@unchecked Sendable`: confined to the loop of its server; its task runs there too.
final class HTTPExchange: @unchecked Sendable {
    enum Stage {
        /// The head has not been looked at yet.
        case head
        case body
        /// The task runs; when it waits, the connection is suspended.
        case handling
        /// To be queued in the next call of the access handler.
        case answered(HTTPResponse)
        /// libmicrohttpd has the answer, or there will be none.
        case done
    }

    unowned let server: HTTPServer
    let connection: HTTPConnection
    let id: String
    /// The request target as the client sent it.
    let target: [UInt8]
    /// Where libmicrohttpd keeps the target: only to be compared with other addresses of the same head.
    let targetAddress: UInt
    let receivedAt: Timestamp
    let startedAt: ContinuousClock.Instant
    var stage = Stage.head
    private(set) var method = HTTPMethod.get
    private(set) var path = ""
    private(set) var query: String?
    private(set) var headers = HTTPHeaders()
    /// Whether the connection ends with this answer.
    private(set) var mustClose = false
    var body: [UInt8] = []
    /// What the server counts as held for this request's body.
    var heldBytes = 0
    /// The same for its answer, or for what was reserved for that.
    var answerBytes = 0
    var task: Task<Void, Never>?
    var writer: HTTPBodyWriter?
    /// Whether its handler waits for something that may never come, and ends when the client goes.
    var isPatient = false

    init(
        server: HTTPServer, connection: HTTPConnection, id: String, target: [UInt8], targetAddress: UInt,
        receivedAt: Timestamp, startedAt: ContinuousClock.Instant
    ) {
        self.server = server
        self.connection = connection
        self.id = id
        self.target = target
        self.targetAddress = targetAddress
        self.receivedAt = receivedAt
        self.startedAt = startedAt
    }

    /// Takes over what the guard has let through. Room for the body is made as it comes, past a first part.
    func accept(_ accepted: RequestGuard.Accepted, headers: HTTPHeaders) {
        method = accepted.method
        path = accepted.path
        query = accepted.query
        self.headers = headers
        mustClose = accepted.mustClose
        body.reserveCapacity(min(accepted.contentLength ?? 0, 16 * 1024))
        stage = .body
    }

    func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    var isHandling: Bool { if case .handling = stage { true } else { false } }
}
