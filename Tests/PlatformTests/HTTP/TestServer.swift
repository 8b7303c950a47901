import Platform
import Synchronization
import Testing

/// A server on a loop and a port of its own.
final class TestServer: Sendable {
    let loop: EventLoop
    let server: HTTPServer
    let port: Int
    let metrics = Metrics()

    init(
        limits: HTTPLimits = .quick, trustedProxies: [AddressRange] = [],
        handler: @escaping HTTPHandler = TestServer.echo, checkHead: HTTPHeadCheck? = nil
    ) async throws {
        loop = try EventLoop()
        try loop.start()
        let listener = try HTTPListener(address: IPAddress(bytes: [127, 0, 0, 1]), port: 0)
        port = listener.port
        let logger = Logger(minimum: .error, write: { _ in })
        server = HTTPServer(
            loop: loop, socket: try listener.socket(), limits: limits, trustedProxies: trustedProxies,
            logger: logger, metrics: metrics, checkHead: checkHead
        ) { request in await request.answer(with: handler, logger: logger) }
        try await server.start()
    }

    /// Says what arrived: method, path, query and body.
    static let echo: HTTPHandler = { request in
        let line = "\(request.method.rawValue) \(request.path) \(request.query ?? "-") "
        return HTTPResponse(
            status: 200, headers: ["Content-Type": "text/plain"],
            body: .bytes(Array(line.utf8) + request.body))
    }

    func stop() async {
        await server.stop()
        loop.stop()
    }

    /// Fails the test when a plain request is not answered any more.
    func expectAlive(_ location: SourceLocation = #_sourceLocation) throws {
        let answer = try RawClient(port: port).exchange("GET /alive HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(answer.status == 200, sourceLocation: location)
    }
}

extension HTTPLimits {
    /// Deadlines are looked at often, and long ones stay as they are.
    static var quick: HTTPLimits {
        var limits = HTTPLimits()
        limits.sweep = .milliseconds(20)
        return limits
    }
}
