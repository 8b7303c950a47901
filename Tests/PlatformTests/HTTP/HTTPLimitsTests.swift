import Platform
import Synchronization
import Testing

@Suite("HTTP limits and ends", .timeLimit(.minutes(10)))
struct HTTPLimitsTests {
    private static let good = "GET /good HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test(
        "A request that dribbles in is answered 408 and closed",
        arguments: [
            "GET / HTTP/1.1\r\nHost: x\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        ])
    func slowRequest(_ start: String) async throws {
        var limits = HTTPLimits.quick
        limits.requestTime = .milliseconds(100)
        let server = try await TestServer(limits: limits)
        let client = try RawClient(port: server.port)

        let answer = try client.exchange(start)

        #expect(answer.status == 408)
        #expect(client.awaitClose())
        try server.expectAlive()
        await server.stop()
    }

    @Test("An idle connection is closed", arguments: ["", "GE", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
    func idle(_ start: String) async throws {
        var limits = HTTPLimits.quick
        limits.idle = .milliseconds(100)
        let server = try await TestServer(limits: limits)
        let client = try RawClient(port: server.port)

        client.send(start)

        #expect(client.awaitClose())
        try server.expectAlive()
        await server.stop()
    }

    @Test("A truncated request leaves nothing behind")
    func truncated() async throws {
        let server = try await TestServer()

        for end in 1..<60 {
            let whole = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
            try RawClient(port: server.port).send(String(whole.prefix(end)))
        }

        try server.expectAlive()
        await server.stop()
    }

    @Test("A handler past its deadline is cancelled and its client gets 503")
    func handlerDeadline() async throws {
        var limits = HTTPLimits.quick
        limits.handler = .milliseconds(50)
        let cancelled = Signal()
        let server = try await TestServer(limits: limits) { request in
            guard request.path == "/slow" else { return .text("ok") }
            await withTaskCancellationHandler {
                _ = await Signal().isRaised()
            } onCancel: {
                cancelled.raise()
            }
            return .text("late")
        }
        let client = try RawClient(port: server.port)

        let answer = try client.exchange("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")

        #expect(answer.status == 503)
        #expect(answer.body.contains("\"timeout\""))
        await cancelled.wait()
        // On a slow machine these may be past the deadline, too.
        var next = try client.exchange(Self.good)
        for _ in 0..<1000 where next.status == 503 { next = try client.exchange(Self.good) }
        #expect(next.body == "ok")
        await server.stop()
    }

    @Test("A chunked body past the limit is refused while it comes, and the client can read why")
    func chunkedTooLarge() async throws {
        let server = try await TestServer()
        let client = try RawClient(port: server.port)

        client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = "10000\r\n" + String(repeating: "a", count: 65536) + "\r\n"
        for _ in 0..<20 { client.send(chunk) }

        #expect(try client.answer().status == 413)
        #expect(client.awaitClose())
        try server.expectAlive()
        await server.stop()
    }

    @Test("A body of exactly the limit is taken")
    func largestBody() async throws {
        let server = try await TestServer { .text("\($0.body.count)") }
        let client = try RawClient(port: server.port)

        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n")
        client.send([UInt8](repeating: 0x61, count: 1_048_576))

        #expect(try client.answer().body == "1048576")
        await server.stop()
    }

    @Test("An address gets so many connections, and a closed one makes room")
    func addressLimit() async throws {
        var limits = HTTPLimits.quick
        limits.connectionsByAddress = 2
        let server = try await TestServer(limits: limits)
        let first = try RawClient(port: server.port)
        var second: RawClient? = try RawClient(port: server.port)
        _ = try first.exchange(Self.good)
        _ = try second?.exchange(Self.good)

        let third = try RawClient(port: server.port)
        #expect(third.awaitClose())
        #expect(server.metrics.exposition.contains("rookery_http_refused_total{reason=\"address_limit\"} 1"))
        second = nil
        _ = try first.exchange(Self.good)

        try server.expectAlive()
        await server.stop()
    }

    @Test("A trusted proxy has no limit by address")
    func proxyHasNoLimit() async throws {
        var limits = HTTPLimits.quick
        limits.connectionsByAddress = 1
        let server = try await TestServer(
            limits: limits, trustedProxies: [try #require(AddressRange("127.0.0.1"))])

        let clients = try (0..<3).map { _ in try RawClient(port: server.port) }

        for client in clients { #expect(try client.exchange(Self.good).status == 200) }
        await server.stop()
    }

    @Test("Connections past the limit wait until one is free")
    func connectionLimit() async throws {
        var limits = HTTPLimits.quick
        limits.connections = 1
        let server = try await TestServer(limits: limits)
        var first: RawClient? = try RawClient(port: server.port)
        _ = try first?.exchange(Self.good)

        let second = try RawClient(port: server.port)
        second.send(Self.good)
        first = nil

        #expect(try second.answer().status == 200)
        await server.stop()
    }

    @Test("Draining finishes what is in flight and closes the rest")
    func drain() async throws {
        let entered = Signal()
        let release = Signal()
        let server = try await TestServer { _ in
            entered.raise()
            await release.wait()
            return .text("done")
        }
        let idle = try RawClient(port: server.port)
        let busy = try RawClient(port: server.port)
        busy.send(Self.good)
        await entered.wait()

        let drained = Task(executorPreference: server.loop) {
            await server.server.drain(until: .now + .seconds(60))
        }
        #expect(idle.awaitClose())
        #expect(throws: RawClient.NoAnswer.self) { try RawClient(port: server.port).exchange(Self.good) }
        release.raise()
        let answer = try busy.answer()
        await drained.value

        #expect(answer.body == "done")
        #expect(answer.headers["Connection"] == "close")
        #expect(busy.awaitClose())
        await server.stop()
    }

    @Test("A connection that waits to be accepted when draining begins is answered")
    func drainBacklog() async throws {
        let server = try await TestServer()

        // On the loop, so that nothing is accepted between the request and the drain.
        let drained = Task(executorPreference: server.loop) {
            let client = try RawClient(port: server.port)
            client.send(Self.good)
            await server.server.drain(until: .now + .seconds(60))
            return try client.answer().body
        }

        #expect(try await drained.value == "GET /good - ")
        await server.stop()
    }

    @Test("Random damage to a request neither crashes nor hangs the server")
    func fuzz() async throws {
        var limits = HTTPLimits.quick
        limits.requestTime = .milliseconds(200)
        limits.idle = .milliseconds(200)
        let server = try await TestServer(limits: limits)
        let whole = Array(
            "POST /a%20b?c=d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
                .utf8)
        var random = SplitMix(state: 20_260_101)

        for round in 0..<400 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert([0, 10, 13, 32, 58].randomElement(using: &random)!, at: place)
                }
            }
            let client = try RawClient(port: server.port)
            client.send(bytes)
            if round % 50 == 0 { try server.expectAlive() }
        }

        try server.expectAlive()
        await server.stop()
    }

    @Test("Draining ends at its deadline, and stopping cancels what still runs")
    func drainDeadline() async throws {
        let entered = Signal()
        let cancelled = Signal()
        let server = try await TestServer { _ in
            entered.raise()
            await withTaskCancellationHandler {
                _ = await Signal().isRaised()
            } onCancel: {
                cancelled.raise()
            }
            return .text("never")
        }
        let client = try RawClient(port: server.port)
        client.send(Self.good)
        await entered.wait()

        await server.server.drain(until: .now + .milliseconds(50))
        await server.server.stop()
        await cancelled.wait()

        #expect(client.awaitClose())
        server.loop.stop()
    }
}

/// The same numbers in every run.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
