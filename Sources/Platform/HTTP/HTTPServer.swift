import CMicroHTTPD
import Glibc

/// HTTP/1.1 on one event loop, spoken by libmicrohttpd, which is driven from outside: its epoll descriptor is
/// watched by the loop. A request's task runs on the loop's thread; while it waits for something, its connection
/// is suspended. The answer is queued in the access handler, the only place where libmicrohttpd takes it.
///
/// After each run and each resume libmicrohttpd may have work that no descriptor tells of, so it is asked, and
/// run again.
///
/// `@unchecked Sendable`: everything but what `init` is given is confined to the loop's thread.
package final class HTTPServer: @unchecked Sendable {
    let loop: EventLoop
    let limits: HTTPLimits
    let proxies: TrustedProxies
    let logger: Logger
    let metrics: HTTPMetrics
    private let exempt: [AddressRange]
    let listenSocket: Int32
    let checkHead: HTTPHeadCheck?
    private let respond: @Sendable (HTTPRequest) async -> HTTPResponse

    private var options: UnsafeMutablePointer<shim_daemon_options>?
    private(set) var daemon: OpaquePointer?
    private(set) var connections = ConnectionList()
    private var isRunScheduled = false
    private var sweeper: TimerQueue.Token?
    let gate: RequestGuard
    var headStorage: [RequestHead.Field] = []
    var requestIDs = RequestIDs()
    let lingering: LingeringCloses
    var isDraining = false
    private(set) var isStopping = false
    var drained: CheckedContinuation<Void, Never>?
    var drainTimer: TimerQueue.Token?
    /// Requests whose handler runs.
    package internal(set) var activeRequests = 0
    /// Bytes of the bodies that are arriving or being handled.
    var heldBytes = 0
    var answerMemory = AnswerMemory()

    /// - Parameters:
    ///   - socket: listening, non-blocking (see `HTTPListener`); closed by the server.
    ///   - unlimitedAddresses: ranges whose connections are not counted by address.
    ///   - checkHead: asked before a body is read that is large or of unknown length.
    ///   - respond: gives an answer whatever happens; see `HTTPRequest.answer(with:logger:)`.
    package init(
        loop: EventLoop, socket: Int32, limits: HTTPLimits = HTTPLimits(),
        trustedProxies: [AddressRange] = [],
        unlimitedAddresses: [AddressRange] = [], logger: Logger, metrics: Metrics,
        checkHead: HTTPHeadCheck? = nil,
        respond: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) {
        self.loop = loop
        self.limits = limits
        self.logger = logger
        self.checkHead = checkHead
        self.respond = respond
        self.metrics = HTTPMetrics(metrics)
        listenSocket = socket
        exempt = unlimitedAddresses
        proxies = TrustedProxies(ranges: trustedProxies)
        gate = RequestGuard(limits: limits, layout: RequestGuard.LayoutCheck())
        lingering = LingeringCloses(loop: loop)
    }

    /// Begins to accept. Has SIGPIPE ignored in the whole process: a client may go at any moment.
    /// - Throws: `SystemError`.
    package func start() async throws {
        try await onLoop { try self.startHere() }
    }

    func onLoop<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            loop.execute { continuation.resume(with: Result { try body() }) }
        }
    }

    private func startHere() throws {
        signal(SIGPIPE, SIG_IGN)
        let options = UnsafeMutablePointer<shim_daemon_options>.allocate(capacity: 1)
        options.initialize(to: callbacks(Unmanaged.passRetained(self).toOpaque(), listenSocket))
        self.options = options
        guard let daemon = shim_start(options) else {
            release()
            throw SystemError.last("MHD_start_daemon")
        }
        self.daemon = daemon
        try loop.watch(shim_epoll_descriptor(daemon), .readable) { [unowned self] _ in run() }
        scheduleSweep()
        run()
    }

    /// Lets go of what `startHere` has taken.
    private func release() {
        guard let options else { return }
        self.options = nil
        Unmanaged<HTTPServer>.fromOpaque(options.pointee.context).release()
        options.deallocate()
    }

    // MARK: Running

    func run() {
        isRunScheduled = false
        guard let daemon else { return }
        MHD_run(daemon)
        if shim_is_due(daemon) != 0 { scheduleRun() }
    }

    func scheduleRun() {
        guard !isRunScheduled else { return }
        isRunScheduled = true
        loop.afterJobs { [self] in run() }
    }

    func suspend(_ connection: HTTPConnection) {
        connection.isSuspended = true
        MHD_suspend_connection(connection.handle)
    }

    func resume(_ connection: HTTPConnection) {
        guard connection.isSuspended else { return }
        connection.isSuspended = false
        MHD_resume_connection(connection.handle)
        scheduleRun()
    }

    private func scheduleSweep() {
        sweeper = loop.schedule(after: limits.sweep) { [unowned self] in
            sweep()
            scheduleSweep()
        }
    }

    // MARK: Connections

    func mayConnect(_ address: IPAddress) -> Bool {
        guard isCounted(address), connections.count(of: address) >= limits.connectionsByAddress else {
            return true
        }
        metrics.refused(.addressLimit)
        return false
    }

    private func isCounted(_ address: IPAddress) -> Bool {
        !proxies.contains(address) && !exempt.contains { $0.contains(address) }
    }

    func opened(_ handle: OpaquePointer) -> HTTPConnection {
        let peer = shim_peer(handle).flatMap { IPAddress($0) } ?? IPAddress(bytes: [0, 0, 0, 0])
        let connection = HTTPConnection(
            handle: handle, socket: shim_socket(handle), peer: peer, isTrusted: proxies.contains(peer),
            isCounted: isCounted(peer))
        connection.enter(.idle, until: .now + limits.idle)
        connections.add(connection)
        metrics.connections.add(1)
        return connection
    }

    func closed(_ connection: HTTPConnection) {
        connections.remove(connection)
        metrics.connections.add(-1)
        // It accepts again only in the run after the one that made room.
        if connections.all.count + 1 >= limits.connections { scheduleRun() }
        if isDraining { settleDrain() }
    }

    // MARK: Handling

    /// Starts the request's task, which ends by itself; at its deadline, when its client has gone from a
    /// streamed answer, and at the end of the server it is cancelled.
    func begin(_ exchange: HTTPExchange, _ request: HTTPRequest) {
        exchange.stage = .handling
        exchange.connection.enter(.handling, until: request.deadline)
        activeRequests += 1
        metrics.active.add(1)
        exchange.task = Task(executorPreference: loop) { [self, respond] in
            let response = await respond(request)
            if case .stream(let produce) = response.body, exchange.isHandling {
                let writer = HTTPBodyWriter(loop: loop, limit: limits.streamBuffer) { [self] in
                    resume(exchange.connection)
                }
                exchange.writer = writer
                answer(exchange, response)
                do {
                    try await produce(writer)
                    writer.finish(isComplete: true)
                } catch {
                    writer.finish(isComplete: false)
                }
            } else {
                answer(exchange, response)
            }
            forgetBody(of: exchange)
            activeRequests -= 1
            metrics.active.add(-1)
        }
    }

    /// The first answer counts; one that comes after the deadline is dropped.
    func answer(_ exchange: HTTPExchange, _ response: HTTPResponse) {
        loop.preconditionIsCurrent()
        guard exchange.isHandling else { return }
        exchange.stage = .answered(response)
        resume(exchange.connection)
    }

    // MARK: The end

    /// Closes the listening socket and every connection at once. Call `drain(until:)` first to be kind.
    package func stop() async {
        try? await onLoop { self.stopHere() }
    }

    private func stopHere() {
        guard let daemon, !isStopping else { return }
        isStopping = true
        if let sweeper { loop.cancel(sweeper) }
        for connection in connections.all {
            abort(connection)
            shutdown(connection.socket, Int32(SHUT_RDWR))
        }
        MHD_run(daemon)
        loop.unwatch(shim_epoll_descriptor(daemon))
        self.daemon = nil
        MHD_stop_daemon(daemon)
        lingering.closeAll()
        release()
    }

    /// Has the request given up. A suspended connection must be resumed before the daemon may stop.
    private func abort(_ connection: HTTPConnection) {
        connection.enter(.closing, until: nil)
        if let exchange = connection.exchange {
            exchange.task?.cancel()
            exchange.writer?.close()
            exchange.stage = .done
        }
        guard connection.isSuspended else { return }
        connection.isSuspended = false
        MHD_resume_connection(connection.handle)
    }
}
