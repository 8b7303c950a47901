import Platform
import Sandbox

/// A stand-in for Telegram on a free port of this machine, on an event loop of its own.
package final class TestTelegram: Sendable {
    package let server: SandboxServer
    private let loop: EventLoop
    private let client: HTTPClient

    package var url: String { server.url }
    package var sandbox: Sandbox { server.sandbox }

    package static func with(
        _ configuration: SandboxConfiguration = SandboxConfiguration(),
        _ body: @Sendable (TestTelegram) async throws -> Void
    ) async throws {
        let telegram = try await TestTelegram(configuration)
        do {
            try await body(telegram)
        } catch {
            await telegram.stop()
            throw error
        }
        await telegram.stop()
    }

    private init(_ configuration: SandboxConfiguration) async throws {
        let loop = try EventLoop()
        try loop.start()
        self.loop = loop
        let client = try await loop.run {
            var limits = HTTPClientLimits()
            limits.concurrentPerOrigin = limits.concurrent
            return try HTTPClient(
                loop: loop, addressGuard: AddressGuard(allowsPrivate: true), limits: limits)
        }
        self.client = client
        server = try SandboxServer(
            loop: loop, address: IPAddress(bytes: [127, 0, 0, 1]), port: 0, configuration: configuration,
            client: client, logger: Logger(minimum: .error), metrics: Metrics())
        _ = try await server.start()
    }

    private func stop() async {
        await server.stop()
        _ = try? await loop.run { [client] in client.close() }
        loop.stop()
    }
}
