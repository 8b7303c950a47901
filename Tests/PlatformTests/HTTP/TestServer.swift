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

    /// Fails the test when a plain request is not answered any more. One that the server's own limits cut off, because
    /// the machine stood still for as long, is sent again.
    func expectAlive(_ location: SourceLocation = #_sourceLocation) throws {
        let answer = try answer(to: "GET /alive HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(answer.status == 200, sourceLocation: location)
    }

    /// What is answered to a request on a connection of its own, which is sent again when it meets a time limit.
    /// - Throws: `RawClient.NoAnswer`, when none of many has come in time.
    func answer(to request: String) throws -> RawClient.Answer {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                let answer = try RawClient(port: port).exchange(request)
                if ![408, 503].contains(answer.status) || deadline < .now { return answer }
            } catch let error as RawClient.NoAnswer {
                if deadline < .now { throw error }
            }
        }
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
