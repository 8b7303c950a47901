import Platform
import Testing

@Suite("HTTP bodies in memory", .timeLimit(.minutes(10)))
struct HTTPBodyMemoryTests {
    private static let begun = "POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    private static let part = String(repeating: "a", count: 900)

    @Test("A body past what all bodies may hold is refused with 503, and taken when there is room again")
    func limit() async throws {
        var limits = HTTPLimits.quick
        limits.bodies = 1500
        let entered = Signal()
        let release = Signal()
        let server = try await TestServer(limits: limits) { request in
            if request.path == "/held" {
                entered.raise()
                await release.wait()
            }
            return .text("\(request.body.count)")
        }
        let held = try RawClient(port: server.port)
        held.send(Self.begun + String(repeating: "a", count: 1000))
        await entered.wait()

        let refused = try RawClient(port: server.port).exchange(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n" + Self.part)
        let bodiless = try RawClient(port: server.port).exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        release.raise()
        let first = try held.answer()
        let again = try held.exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n" + Self.part)

        #expect(refused.status == 503 && refused.headers["Retry-After"] == "1")
        #expect(bodiless.status == 200)
        #expect(first.body == "1000" && again.body == "900")
        #expect(server.metrics.exposition.contains("rookery_http_refused_total{reason=\"memory\"} 1"))
        await server.stop()
    }

    @Test("Bodies that were never complete do not count any more")
    func brokenOff() async throws {
        var limits = HTTPLimits.quick
        limits.bodies = 1500
        limits.requestTime = .milliseconds(50)
        let server = try await TestServer(limits: limits)

        for _ in 0..<5 {
            let answer = try RawClient(port: server.port).exchange(Self.begun + Self.part)
            #expect(answer.status == 408)
        }

        // 503 for ever, would they count.
        let whole = Self.begun + String(repeating: "a", count: 1000)
        #expect(try server.answer(to: whole).status == 200)
        await server.stop()
    }

    @Test("Who does not read large answers gets no more of them, others do, and so does who has read")
    func answers() async throws {
        let size = 8 << 20
        var limits = HTTPLimits.quick
        limits.writing = .seconds(600)
        limits.answersByAddress = size + 1
        let entered = Signal()
        let server = try await TestServer(limits: limits) { request in
            entered.raise()
            return .text(String(repeating: "a", count: request.path == "/large" ? size : 5))
        }
        let large = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"

        let slow = try RawClient(port: server.port)
        slow.send(large)
        // What its handler has answered at once is queued before anything else is looked at.
        await entered.wait()
        let refused = try RawClient(port: server.port).exchange(large)
        let small = try RawClient(port: server.port).exchange("GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
        let first = try slow.answer()
        let again = try slow.exchange(large)

        #expect(refused.status == 503 && refused.headers["Retry-After"] == "1")
        #expect(small.body == "aaaaa")
        #expect(first.body.utf8.count == size && again.body.utf8.count == size)
        await server.stop()
    }

    @Test("What the check of the head refuses is answered before its body is there, and closed")
    func headCheck() async throws {
        let server = try await TestServer(checkHead: { request in
            request.headers["Key"] == "crow" ? nil : Problem(401, "no_key", "Show your key")
        })
        let stranger = try RawClient(port: server.port)
        let friend = try RawClient(port: server.port)

        let refused = try stranger.exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        let taken = try friend.exchange(
            "POST / HTTP/1.1\r\nHost: x\r\nKey: crow\r\nContent-Length: 2\r\n\r\nhi")

        let small = try RawClient(port: server.port).exchange(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
        #expect(small.body == "POST / - hi")
        #expect(refused.status == 401 && refused.body.contains("\"no_key\""))
        #expect(stranger.awaitClose())
        #expect(taken.body == "POST / - hi")
        #expect(server.metrics.exposition.contains("rookery_http_refused_total{reason=\"not_admitted\"} 1"))
        await server.stop()
    }

    @Test("The router asks the matching route's check, with its parameters")
    func routedHeadCheck() async throws {
        let address = IPAddress(bytes: [127, 0, 0, 1])
        func request(_ method: HTTPMethod, _ path: String) -> HTTPRequest {
            HTTPRequest(id: "req_1", method: method, path: path, peer: address, deadline: .now)
        }
        let router = HTTPRouter([
            HTTPRoute(
                .post, "/nests/{name}", checkHead: { $0.parameters["name"] == "crow" ? nil : .notFound }
            ) { _ in .text("taken") },
            HTTPRoute(.get, "/nests/{name}") { _ in .text("shown") },
        ])

        #expect(router.checkHead(of: request(.post, "/nests/crow")) == nil)
        #expect(router.checkHead(of: request(.post, "/nests/rook"))?.status == 404)
        #expect(router.checkHead(of: request(.get, "/nests/rook")) == nil)
        #expect(router.checkHead(of: request(.post, "/elsewhere")) == nil)
    }
}
