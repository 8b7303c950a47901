import Platform
import Testing

@Suite("HTTP server")
struct HTTPServerTests {
    @Test("A request is answered, and the next one on the same connection")
    func keepAlive() async throws {
        let server = try await TestServer()
        let client = try RawClient(port: server.port)

        let first = try client.exchange("GET /a%20b?c=d HTTP/1.1\r\nHost: x\r\n\r\n")
        let second = try client.exchange("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")

        #expect(first.status == 200)
        #expect(first.body == "GET /a b c=d ")
        #expect(first.headers["request-id"]?.wholeMatch(of: #/req_[0-7][0-9a-hjkmnp-tv-z]{25}/#) != nil)
        #expect(second.body == "POST /b - hello")
        #expect(second.headers["request-id"] != first.headers["request-id"])
        await server.stop()
    }

    @Test("Pipelined requests are answered in order")
    func pipelining() async throws {
        let server = try await TestServer { request in
            if request.path == "/0" { for _ in 0..<100 { await Task.yield() } }
            return .text(request.path)
        }
        let client = try RawClient(port: server.port)

        client.send((0..<50).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
        let bodies = try (0..<50).map { _ in try client.answer().body }

        #expect(bodies == (0..<50).map { "/\($0)" })
        await server.stop()
    }

    @Test("A chunked body arrives whole")
    func chunkedBody() async throws {
        let server = try await TestServer()
        let client = try RawClient(port: server.port)

        let answer = try client.exchange(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        )

        #expect(answer.body == "POST / - hello world")
        try server.expectAlive()
        await server.stop()
    }

    @Test("A client that expects 100-continue gets it and then its answer")
    func expectContinue() async throws {
        let server = try await TestServer()
        let client = try RawClient(port: server.port)

        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        client.send("ok")

        #expect(try client.answer().body == "POST / - ok")
        await server.stop()
    }

    @Test("HEAD has the length of GET and no body")
    func head() async throws {
        let server = try await TestServer()
        let client = try RawClient(port: server.port)

        client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        let head = try client.answer(hasBody: false)
        let get = try client.answer()

        #expect(head.headers["Content-Length"] == "10")
        #expect(get.body == "GET /b - ")
        await server.stop()
    }

    @Test("A thrown problem is the answer; any other error tells nothing")
    func errors() async throws {
        struct Secret: Error { let password = "hunter2" }
        let server = try await TestServer { request in
            if request.path == "/problem" { throw Problem.unavailable(retryAfter: 7) }
            throw Secret()
        }
        let client = try RawClient(port: server.port)

        let problem = try client.exchange("GET /problem HTTP/1.1\r\nHost: x\r\n\r\n")
        let failure = try client.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        #expect(problem.status == 503)
        #expect(problem.headers["Retry-After"] == "7")
        #expect(problem.headers["Content-Type"] == "application/problem+json")
        #expect(failure.status == 500)
        #expect(!failure.body.contains("hunter2"))
        #expect(failure.body.contains(failure.headers["Request-Id"] ?? "none"))
        await server.stop()
    }

    @Test(
        "Only what trusted proxies say of the client counts",
        arguments: [
            ("127.0.0.0/8", "9.9.9.9, 8.8.8.8", "8.8.8.8 true"),
            ("127.0.0.0/8", "9.9.9.9, 8.8.8.8, 127.0.0.7", "8.8.8.8 true"),
            ("127.0.0.0/8", "nonsense", "127.0.0.1 true"),
            ("127.0.0.0/8", "[2001:db8::1]:443", "2001:db8::1 true"),
            ("10.0.0.0/8", "9.9.9.9", "127.0.0.1 false"),
        ])
    func trustedProxies(range: String, header: String, expected: String) async throws {
        let server = try await TestServer(trustedProxies: [try #require(AddressRange(range))]) { request in
            .text("\(request.client) \(request.isSecure)")
        }

        let answer = try RawClient(port: server.port).exchange(
            "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: \(header)\r\nX-Forwarded-Proto: https\r\n\r\n")

        #expect(answer.body == expected)
        await server.stop()
    }

    @Test("A port that is taken is an error, and one listener serves several sockets")
    func listener() throws {
        let address = IPAddress(bytes: [127, 0, 0, 1])
        let listener = try HTTPListener(address: address, port: 0)

        #expect(throws: SystemError.self) { try HTTPListener(address: address, port: listener.port) }
        let sockets = [try listener.socket(), try listener.socket()]
        #expect(throws: SystemError.self) { try HTTPListener(address: address, port: listener.port) }

        #expect(Set(sockets).count == 2)
        for socket in sockets { closeSocket(socket) }
    }
}
