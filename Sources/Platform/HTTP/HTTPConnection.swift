/// One client's connection, for as long as libmicrohttpd has it.
///
///     idle ──request line──▶ receiving ──end of body──▶ handling ──answer──▶ writing ──all sent──▶ idle
///                                                                             ▲   │ nothing to send yet
///                                                                             └── producing
///
/// Each state has its deadline, which the server's sweep enforces; `producing` waits for our own code and has
/// none. While `isSuspended`, libmicrohttpd does not look at the socket: in `handling` and `producing`.
///
/// Confined to the server's loop.
final class HTTPConnection {
    enum Phase { case idle, receiving, handling, writing, producing, closing }

    let handle: OpaquePointer
    let socket: Int32
    let peer: IPAddress
    let isTrusted: Bool
    /// Whether it counts towards its address's limit.
    let isCounted: Bool
    /// Its place in the server's list.
    var slot = 0
    private(set) var phase = Phase.idle
    private(set) var deadline: ContinuousClock.Instant?
    var isSuspended = false
    /// The request being received or answered.
    var exchange: HTTPExchange?

    init(handle: OpaquePointer, socket: Int32, peer: IPAddress, isTrusted: Bool, isCounted: Bool) {
        self.handle = handle
        self.socket = socket
        self.peer = peer
        self.isTrusted = isTrusted
        self.isCounted = isCounted
    }

    /// Whose share of the memory for answers is used.
    var answerAddress: IPAddress? { isTrusted ? nil : peer }

    func enter(_ phase: Phase, until deadline: ContinuousClock.Instant?) {
        self.phase = phase
        self.deadline = deadline
    }
}
