import Platform
import Synchronization
import Testing

@Suite("HTTP answers in memory", .timeLimit(.minutes(10)))
final class HTTPAnswerMemoryTests: Sendable {
    private static let size = 8 << 20
    private let entered = Signal()
    private let isReserved = Signal()
    private let goesOn = Signal()
    /// How often something was done for which room had been reserved.
    private let done = Mutex(0)

    /// With room for one large answer to an address.
    private func server() async throws -> TestServer {
        var limits = HTTPLimits.quick
        limits.writing = .seconds(600)
        limits.answersByAddress = Self.size + 1
        return try await TestServer(limits: limits) { [self] in try await answer($0) }
    }

    private func answer(_ request: HTTPRequest) async throws -> HTTPResponse {
        entered.raise()
        let large = HTTPResponse.text(String(repeating: "a", count: Self.size))
        guard request.path != "/large" else { return large }
        try request.reserveAnswer(Self.size)
        switch request.path {
        case "/reserved":
            done.withLock { $0 += 1 }
            return large
        case "/released":
            request.releaseAnswer()
            isReserved.raise()
            await goesOn.wait()
            return .text("small")
        default: throw Problem.notFound
        }
    }

    private func send(_ line: String, _ client: RawClient) {
        client.send("\(line) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    }

    private func ask(_ line: String, _ server: TestServer) throws -> RawClient.Answer {
        let client = try RawClient(port: server.port)
        send(line, client)
        return try client.answer()
    }

    @Test("What may have changed something is answered though there is no room, and the answer counts")
    func changes() async throws {
        let server = try await server()
        let slow = try RawClient(port: server.port)
        send("POST /large", slow)
        // What its handler has answered at once is queued before anything else is looked at.
        await entered.wait()

        let read = try ask("GET /large", server)
        let changed = try ask("POST /large", server)

        #expect(read.status == 503)
        #expect(changed.status == 200 && changed.body.utf8.count == Self.size)
        #expect(try slow.answer().body.utf8.count == Self.size)
        await server.stop()
    }

    @Test("Room that is reserved is refused before anything is done, and used by the answer itself")
    func reserved() async throws {
        let server = try await server()
        let slow = try RawClient(port: server.port)
        send("GET /large", slow)
        await entered.wait()

        let refused = try ask("POST /reserved", server)
        let doneWithoutRoom = done.withLock(\.self)
        let first = try slow.answer()
        send("POST /reserved", slow)
        let given = try slow.answer()
        send("POST /reserved", slow)
        let again = try slow.answer()

        #expect(refused.status == 503 && refused.headers["Retry-After"] == "1" && doneWithoutRoom == 0)
        #expect(first.status == 200 && given.status == 200 && again.status == 200)
        #expect(given.body.utf8.count == Self.size && done.withLock(\.self) == 2)
        await server.stop()
    }

    @Test("Room that is reserved and not used is there for others")
    func released() async throws {
        let server = try await server()

        let failed = try ask("POST /failing", server)
        let waiting = try RawClient(port: server.port)
        send("GET /large", waiting)
        let afterFailure = try waiting.answer()
        send("POST /released", waiting)
        await isReserved.wait()
        let duringWait = try server.answer(to: "GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        goesOn.raise()

        #expect(failed.status == 404 && afterFailure.status == 200 && duringWait.status == 200)
        #expect(try waiting.answer().body == "small")
        await server.stop()
    }
}
