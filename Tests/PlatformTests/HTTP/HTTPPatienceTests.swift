import Platform
import Testing

@Suite("HTTP answers that are waited for", .serialized, .timeLimit(.minutes(5)))
struct HTTPPatienceTests {
    @Test("A handler that waits is cancelled when its client goes")
    func gone() async throws {
        let (waiting, cancelled) = (Signal(), Signal())
        let server = try await TestServer { request in
            guard request.path == "/wait" else { return .text("ok") }
            request.isAnswered(by: .now + .seconds(3600))
            await withTaskCancellationHandler {
                waiting.raise()
                _ = await Signal().isRaised()
            } onCancel: {
                cancelled.raise()
            }
            return .text(request.isClientGone ? "gone" : "there")
        }
        var client: RawClient? = try RawClient(port: server.port)
        client?.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        await waiting.wait()

        client = nil

        await cancelled.wait()
        try server.expectAlive()
        await server.stop()
    }

    @Test("A handler that waits may take longer than the server gives to others")
    func patience() async throws {
        var limits = HTTPLimits.quick
        limits.handler = .milliseconds(50)
        let server = try await TestServer(limits: limits) { request in
            guard request.path == "/wait" else { return .text("ok") }
            request.isAnswered(by: .now + .seconds(600))
            // Longer than what others may take, and many sweeps.
            let end = ContinuousClock.now + .milliseconds(500)
            while ContinuousClock.now < end { await Task.yield() }
            return .text(request.isClientGone ? "gone" : "there")
        }
        let client = try RawClient(port: server.port)

        let answer = try client.exchange("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")

        #expect(answer.status == 200)
        #expect(answer.body == "there")
        await server.stop()
    }
}
