import Platform
import Synchronization
import Testing

@Suite("HTTP client", .timeLimit(.minutes(10)))
struct HTTPClientTests {
    @Test("A request arrives as it was given, and the answer as it was sent")
    func roundTrip() async throws {
        let server = try StubServer.answering { request in
            httpAnswer(
                "201 Created", headers: "X-Twice: a\r\nx-twice:  b \r\n",
                body: request.head + "|" + request.body)
        }
        defer { server.stop() }

        let answer = try await withClient { client, _ in
            try await client.send(
                HTTPClientRequest(
                    url: server.url + "/a?b=c",
                    headers: [("Content-Type", "application/json"), ("X-Empty", "")],
                    body: Array("{}".utf8)))
        }

        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(answer.status == 201)
        #expect(answer.version == .http1)
        #expect(!answer.isTruncated)
        #expect(answer.headers.filter { $0.name.lowercased() == "x-twice" }.map(\.value) == ["a", "b"])
        #expect(answer.header("X-TWICE") == "a")
        #expect(text.hasPrefix("POST /a?b=c HTTP/1.1\r\n"))
        #expect(text.hasSuffix("|{}"))
        #expect(text.contains("\r\nContent-Type: application/json\r\n"))
        #expect(text.contains("\r\nX-Empty:"))
        #expect(text.contains("\r\nUser-Agent: Rookery\r\n"))
        #expect(!text.contains("Expect"))
    }

    @Test(
        "Methods reach the server with and without a body",
        arguments: ["GET", "HEAD", "PUT", "PATCH", "DELETE", "POST"])
    func methods(method: String) async throws {
        let server = try StubServer.answering { request in
            let line = String(request.head.prefix { $0 != " " }) + request.body
            return request.head.hasPrefix("HEAD")
                ? httpAnswer(headers: "X-Line: \(line)\r\n")
                : httpAnswer(headers: "X-Line: \(line)\r\n", body: "x")
        }
        defer { server.stop() }

        let seen = try await withClient { client, _ in
            var seen: [String?] = []
            for body in method == "HEAD" ? [""] : ["", "body"] {
                let request = HTTPClientRequest(method: method, url: server.url, body: Array(body.utf8))
                seen.append(try await client.send(request).header("X-Line"))
            }
            return seen
        }

        #expect(seen == (method == "HEAD" ? ["HEAD"] : [method, method + "body"]))
        #expect(server.connections == 1)
    }

    @Test("Requests one after another share a connection")
    func reuse() async throws {
        let server = try StubServer.answering { _ in httpAnswer(body: "ok") }
        defer { server.stop() }

        try await withClient { client, _ in
            for _ in 0..<50 { _ = try await client.send(HTTPClientRequest(url: server.url)) }
        }

        #expect(server.connections == 1)
    }

    @Test("A large body arrives whole, and once more when its connection ends without an answer")
    func largeBody() async throws {
        let seen = Mutex<[String]>([])
        let server = try StubServer { connection in
            while let request = connection.readRequest() {
                let count = seen.withLock { seen in
                    seen.append(request.body)
                    return seen.count
                }
                if count == 2 { return }
                connection.write(httpAnswer())
            }
        }
        defer { server.stop() }

        let texts = (0..<2).map { number in (0..<150_000).map { "\($0 * 2 + number)," }.joined() }
        let statuses = try await withClient { client, _ in
            var statuses: [Int] = []
            for text in texts {
                let request = HTTPClientRequest(
                    url: server.url, body: Array(text.utf8), timeout: .seconds(60))
                statuses.append(try await client.send(request).status)
            }
            return statuses
        }

        #expect(statuses == [200, 200])
        #expect(seen.withLock { $0 == [texts[0], texts[1], texts[1]] })
        #expect(server.connections == 2)
    }

    @Test("A thousand requests at once are all answered, over no more connections than allowed")
    func thousandAtOnce() async throws {
        let server = try StubServer.answering { request in httpAnswer(body: request.body) }
        defer { server.stop() }

        let bodies = try await withClient(limits: HTTPClientLimits(concurrentPerOrigin: 32)) { client, loop in
            try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<1000 {
                    group.addTask(executorPreference: loop) {
                        let request = HTTPClientRequest(
                            url: server.url, body: Array("\(number)".utf8), timeout: .seconds(120))
                        return String(decoding: try await client.send(request).body, as: UTF8.self)
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
        }

        #expect(bodies == Set((0..<1000).map(String.init)))
        #expect(server.connections <= 32)
    }

    @Test("A redirect is an answer like any other")
    func redirectIsNotFollowed() async throws {
        let server = try StubServer.answering { _ in httpAnswer("302 Found", headers: "Location: /other\r\n")
        }
        defer { server.stop() }

        let answer = try await withClient { client, _ in
            try await client.send(HTTPClientRequest(url: server.url))
        }

        #expect(answer.status == 302)
        #expect(answer.header("location") == "/other")
    }

    @Test("An interim answer is skipped")
    func interimAnswer() async throws {
        let server = try StubServer.answering { _ in
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + httpAnswer(headers: "X: y\r\n", body: "done")
        }
        defer { server.stop() }

        let answer = try await withClient { client, _ in
            try await client.send(HTTPClientRequest(url: server.url))
        }

        #expect(answer.status == 200)
        #expect(answer.headers.map(\.name) == ["Content-Length", "X"])
    }

    @Test("A body past the limit is cut, and the status still counts", arguments: [10, 0])
    func bodyLimit(limit: Int) async throws {
        let server = try StubServer.answering { _ in httpAnswer(body: String(repeating: "x", count: 200_000))
        }
        defer { server.stop() }

        let answers = try await withClient { client, _ in
            var answers: [HTTPClientResponse] = []
            for _ in 0..<2 {
                answers.append(
                    try await client.send(HTTPClientRequest(url: server.url, responseLimit: limit)))
            }
            return answers
        }

        #expect(answers.map(\.status) == [200, 200])
        #expect(answers.map(\.body.count) == [limit, limit])
        #expect(answers.map(\.isTruncated) == [true, true])
    }
}
