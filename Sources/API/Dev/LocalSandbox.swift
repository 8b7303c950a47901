import Glibc
import Platform
import Sandbox

/// A sandbox in this process, with an HTTP client of its own that reaches webhooks on this machine.
struct LocalSandbox: Sendable {
    private let server: SandboxServer
    private let client: HTTPClient
    private let loop: EventLoop
    let url: String

    var sandbox: Sandbox { server.sandbox }

    init(
        listen: Endpoint, configuration: SandboxConfiguration = SandboxConfiguration(), runtime: Runtime
    ) async throws {
        let loop = runtime.loops[0]
        let logger = runtime.logger
        guard let address = IPAddress(listen.host) else {
            throw Arguments.UsageError("\(listen.host) is not an address")
        }
        (client, server) = try await loop.run {
            var limits = HTTPClientLimits()
            limits.concurrentPerOrigin = limits.concurrent
            let client = try HTTPClient(
                loop: loop, addressGuard: AddressGuard(allowsPrivate: true), userAgent: "RookerySandbox",
                limits: limits)
            let server = try SandboxServer(
                loop: loop, address: address, port: Int(listen.port), configuration: configuration,
                client: client,
                logger: logger, metrics: Metrics())
            return (client, server)
        }
        self.loop = loop
        url = try await server.start()
    }

    /// On port 8081, or a free one where that is taken or the API was asked to take a free one.
    static func forDevelopment(_ variables: [String: String], runtime: Runtime) async throws -> LocalSandbox {
        let free = Endpoint(host: "127.0.0.1", port: 0)
        if variables["ROOKERY_LISTEN"]?.hasSuffix(":0") ?? false {
            return try await LocalSandbox(listen: free, runtime: runtime)
        }
        do {
            return try await LocalSandbox(listen: Endpoint(host: "127.0.0.1", port: 8081), runtime: runtime)
        } catch let error as SystemError where error.code == EADDRINUSE {
            return try await LocalSandbox(listen: free, runtime: runtime)
        }
    }

    func stop() async {
        await server.stop()
        _ = try? await loop.run { [client] in client.close() }
    }
}
