import Platform
import Testing

@Suite("HTTP client, failures", .timeLimit(.minutes(10)))
struct HTTPClientFailureTests {
    @Test("A port where nobody listens refuses the connection")
    func refusedConnection() async throws {
        let url = try closedPortURL()

        let error = try await failure { try await $0.send(HTTPClientRequest(url: url)) }

        guard case .connectFailed = error else { return #expect(error == .connectFailed("")) }
    }

    @Test("A connection that is not accepted in time times out")
    func connectTimeout() async throws {
        let server = try FullServer()
        let url = server.url

        let error = try await failure {
            try await $0.send(
                HTTPClientRequest(url: url, connectTimeout: .milliseconds(100), timeout: .seconds(20)))
        }

        #expect(error == .timedOut)
        withExtendedLifetime(server) {}
    }

    @Test("An answer that is too slow times out, and the client goes on")
    func totalTimeout() async throws {
        let server = try StubServer { connection in
            guard let request = connection.readRequest() else { return }
            if request.body == "slow" { _ = connection.readRequest() } else { connection.write(httpAnswer()) }
        }
        defer { server.stop() }

        let (error, next) = try await withClient { client, _ in
            let slow = HTTPClientRequest(
                url: server.url, body: Array("slow".utf8), timeout: .milliseconds(100))
            let error = await #expect(throws: HTTPClientError.self) { try await client.send(slow) }
            return (error, try await client.send(HTTPClientRequest(url: server.url)).status)
        }

        #expect(error == .timedOut)
        #expect(next == 200)
    }

    @Test("A body that stops in the middle is no answer")
    func droppedInBody() async throws {
        let server = try StubServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        }
        defer { server.stop() }

        let error = try await failure { try await $0.send(HTTPClientRequest(url: server.url)) }

        guard case .connectionLost = error else { return #expect(error == .connectionLost("")) }
    }

    @Test("A connection closed without a word is no answer")
    func droppedBeforeHead() async throws {
        let server = try StubServer { connection in _ = connection.readRequest() }
        defer { server.stop() }

        let error = try await failure { try await $0.send(HTTPClientRequest(url: server.url)) }

        guard case .connectionLost = error else { return #expect(error == .connectionLost("")) }
    }

    @Test(
        "A head that stops in the middle is no answer, whatever its status",
        arguments: ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nA: b\r\n"])
    func droppedInHead(head: String) async throws {
        let server = try StubServer { connection in
            _ = connection.readRequest()
            connection.write(head)
        }
        defer { server.stop() }

        let error = try await failure { try await $0.send(HTTPClientRequest(url: server.url)) }

        guard case .connectionLost = error else { return #expect(error == .connectionLost("")) }
    }

    @Test(
        "What is not HTTP is no answer", arguments: ["hello\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "\0\0\0\0"])
    func notHTTP(answer: String) async throws {
        let server = try StubServer { connection in
            _ = connection.readRequest()
            connection.write(answer)
        }
        defer { server.stop() }

        let error = try await failure { try await $0.send(HTTPClientRequest(url: server.url)) }

        guard case .invalidResponse = error else { return #expect(error == .invalidResponse("")) }
    }

    @Test("Headers past the limit end the exchange")
    func headerLimit() async throws {
        let server = try StubServer.answering { _ in
            httpAnswer(headers: String(repeating: "X: \(String(repeating: "x", count: 1000))\r\n", count: 40))
        }
        defer { server.stop() }

        let error = try await failure { try await $0.send(HTTPClientRequest(url: server.url)) }

        #expect(error == .invalidResponse("the headers are too large"))
    }

    @Test("A server whose certificate nobody vouches for is not talked to, nor one without TLS")
    func plainServerForTLS() async throws {
        let server = try StubServer { connection in connection.write("HTTP/1.1 200 OK\r\n\r\n") }
        defer { server.stop() }
        let url = "https://127.0.0.1:\(server.port)/"

        let error = try await failure { try await $0.send(HTTPClientRequest(url: url)) }

        guard case .tlsFailed = error else { return #expect(error == .tlsFailed("")) }
    }

    @Test(
        "A URL that is not plain http or https is refused",
        arguments: [
            "", "example.com", "ftp://example.com/", "file:///etc/passwd", "http://",
            "http://user@example.com/",
            "http://user:password@example.com/", "http://:@example.com/", "http://exa mple.com/",
            "http://a:99999/",
            "http://a/\r\nX: y", "gopher://a/", "javascript:alert(1)",
        ])
    func invalidURL(url: String) async throws {
        let error = try await failure { try await $0.send(HTTPClientRequest(url: url)) }

        guard case .invalidURL(let reason) = error else { return #expect(error == .invalidURL("")) }
        #expect(!reason.contains("password"))
    }

    @Test(
        "A header that could smuggle another is refused",
        arguments: [
            ("X", "a\r\nY: b"), ("X", "a\0"), ("X: y", "a"), ("", "a"), ("Host", "b"),
            ("content-length", "1"),
            ("Transfer-Encoding", "chunked"), ("X\n", "a"),
        ])
    func invalidHeader(name: String, value: String) async throws {
        let error = try await failure {
            try await $0.send(HTTPClientRequest(url: "http://127.0.0.1:1/", headers: [(name, value)]))
        }

        #expect(error == .invalidRequest(name))
    }

    @Test("A name that does not resolve says so")
    func unknownName() async throws {
        let error = try await failure { try await $0.send(HTTPClientRequest(url: "http://nobody.invalid/")) }

        #expect(error == .nameNotResolved)
    }

    @Test("A cancelled task ends its request at once, under way or waiting")
    func cancellation() async throws {
        let (arrivals, arrival) = AsyncStream<Void>.makeStream()
        let server = try StubServer { connection in
            _ = connection.readRequest()
            arrival.yield()
            _ = connection.readRequest()
        }
        defer { server.stop() }

        let (errors, load) = try await withClient(limits: HTTPClientLimits(concurrent: 1)) { client, loop in
            let tasks = (0..<2).map { _ in
                Task(executorPreference: loop) { try await client.send(HTTPClientRequest(url: server.url)) }
            }
            for await _ in arrivals { break }
            for task in tasks { task.cancel() }
            var errors: [HTTPClientError?] = []
            for task in tasks {
                errors.append(await #expect(throws: HTTPClientError.self) { try await task.value })
            }
            return (errors, client.load)
        }

        #expect(errors == [.cancelled, .cancelled])
        #expect(load == 0)
    }

    @Test("Closing ends what is under way and what waits, and nothing is sent afterwards")
    func closing() async throws {
        let server = try StubServer { connection in
            _ = connection.readRequest(); _ = connection.readRequest()
        }
        defer { server.stop() }

        let errors = try await withClient(limits: HTTPClientLimits(concurrent: 1)) { client, loop in
            let tasks = (0..<3).map { _ in
                Task(executorPreference: loop) { try await client.send(HTTPClientRequest(url: server.url)) }
            }
            while client.load < 3 { await Task.yield() }
            client.close()
            var errors: [HTTPClientError?] = []
            for task in tasks {
                errors.append(await #expect(throws: HTTPClientError.self) { try await task.value })
            }
            let late = await #expect(throws: HTTPClientError.self) {
                try await client.send(HTTPClientRequest(url: server.url))
            }
            return errors + [late]
        }

        #expect(errors == [.closed, .closed, .closed, .closed])
    }

    @Test("A host that does not answer leaves room for the others")
    func slowOriginDoesNotBlockOthers() async throws {
        let slow = try StubServer { connection in
            _ = connection.readRequest(); _ = connection.readRequest()
        }
        let quick = try StubServer.answering { _ in httpAnswer() }
        defer { slow.stop(); quick.stop() }

        let limits = HTTPClientLimits(concurrent: 4, concurrentPerOrigin: 2)
        let statuses = try await withClient(limits: limits) { client, loop in
            let stuck = (0..<10).map { _ in
                Task(executorPreference: loop) { try await client.send(HTTPClientRequest(url: slow.url)) }
            }
            while client.load < 10 { await Task.yield() }
            var statuses: [Int] = []
            for _ in 0..<5 {
                statuses.append(try await client.send(HTTPClientRequest(url: quick.url)).status)
            }
            for task in stuck { task.cancel() }
            return statuses
        }

        #expect(statuses == [200, 200, 200, 200, 200])
    }

    private func failure(
        _ body: @escaping @Sendable (HTTPClient) async throws -> HTTPClientResponse
    ) async throws -> HTTPClientError? {
        try await withClient { client, _ in
            await #expect(throws: HTTPClientError.self) { try await body(client) }
        }
    }

    private func closedPortURL() throws -> String {
        let server = try StubServer(isAccepting: false)
        return server.url
    }
}
