import Platform

/// The sandbox on an address of its own: the Bot API and the control side over HTTP.
package final class SandboxServer: Sendable {
    /// For callers within the process.
    package let sandbox: Sandbox
    /// The base URL, without a slash at its end.
    package let url: String
    private let server: HTTPServer

    /// Binds the address; requests wait until `start`.
    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - client: of the same loop; it delivers to webhooks, so its guard must allow where those are, and
    ///     its limits as many requests to one origin as webhooks have connections together. The caller closes it.
    /// - Throws: `SystemError`, with EADDRINUSE when the port is taken.
    package init(
        loop: EventLoop, address: IPAddress, port: Int,
        configuration: SandboxConfiguration = SandboxConfiguration(),
        client: HTTPClient, logger: Logger, metrics: Metrics
    ) throws {
        let sandbox = Sandbox(loop: loop, configuration: configuration, post: client.webhookPost)
        self.sandbox = sandbox
        let listener = try HTTPListener(address: address, port: port)
        url = "http://" + (address.isIPv4 ? "\(address)" : "[\(address)]") + ":\(listener.port)"
        let bots = BotRoutes(sandbox)
        let control = ControlRoutes(sandbox)
        server = HTTPServer(
            loop: loop, socket: try listener.socket(), limits: Self.limits, logger: logger, metrics: metrics
        ) { request in
            if BotRoutes.matches(request.path) { return await bots.respond(to: request) }
            return await request.answer(with: control.respond, logger: logger)
        }
    }

    /// - Returns: `url`.
    package func start() async throws -> String {
        try await server.start()
        return url
    }

    /// Ends long polls and deliveries, then answers what is under way.
    package func stop() async {
        await sandbox.stop()
        await server.drain(until: .now + .seconds(2))
        await server.stop()
    }

    /// Room for long query strings (a text of 4096 characters, percent-encoded), for uploads, for long polls and
    /// silences, and for thousands of bots that poll at a time.
    private static var limits: HTTPLimits {
        var limits = HTTPLimits()
        limits.body = 8 * 1024 * 1024
        limits.url = 56 * 1024
        limits.head = 64 * 1024
        limits.connections = 20_000
        limits.connectionsByAddress = limits.connections
        limits.handler = .seconds(3700)
        return limits
    }
}
