import Platform
import Synchronization
import Testing

@Suite("Bodies that answers share", .timeLimit(.minutes(10)))
struct SharedBodyTests {
    @Test("Who does not read pages that are the same for all takes no memory from other answers")
    func uncounted() async throws {
        let size = 8 << 20
        var limits = HTTPLimits.quick
        limits.writing = .seconds(600)
        limits.answers = size + 1
        limits.answersByAddress = size + 1
        let page = SharedBody(String(repeating: "p", count: size))
        let server = try await TestServer(limits: limits) { request in
            request.path == "/page"
                ? .shared(page, type: "text/html") : .text(String(repeating: "a", count: size))
        }
        let asking = "GET /page HTTP/1.1\r\nHost: x\r\n\r\n"

        let slow = try (0..<3).map { _ in try RawClient(port: server.port, receiveBuffer: 4096) }
        for client in slow {
            client.send(asking)
            _ = try client.read(until: "\r\n\r\n")
        }
        let other = try RawClient(port: server.port).exchange("GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
        let whole = try RawClient(port: server.port).exchange(asking)

        #expect(other.status == 200 && other.body.utf8.count == size)
        #expect(whole.headers["Content-Type"] == "text/html")
        #expect(whole.body.utf8.count == size && whole.body.utf8.allSatisfy { $0 == UInt8(ascii: "p") })
        await server.stop()
    }

    @Test("A body is kept until its last answer is sent, and no longer")
    func freed() async throws {
        let page = Mutex<SharedBody?>(SharedBody("page"))
        weak let kept = page.withLock(\.self)
        let server = try await TestServer { _ in
            page.withLock(\.self).map { .shared($0, type: "text/plain") } ?? HTTPResponse(status: 204)
        }

        let answer = try server.answer(to: "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let head = try RawClient(port: server.port)
        head.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        let headers = try head.answer(hasBody: false).headers
        page.withLock { $0 = nil }
        await server.stop()

        #expect(answer.body == "page" && headers["Content-Length"] == "4")
        #expect(kept == nil)
    }
}
