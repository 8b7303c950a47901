import Platform
import Synchronization
import Testing

@Suite("Streamed answers", .timeLimit(.minutes(10)))
struct HTTPStreamTests {
    private static let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test("A streamed answer arrives whole and the connection lives on")
    func whole() async throws {
        let server = try await TestServer { _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer in
                    for number in 0..<1000 {
                        try await writer.write(Array("\(number)\n".utf8))
                        if number % 100 == 0 { await Task.yield() }
                    }
                })
        }
        let client = try RawClient(port: server.port)

        let first = try client.exchange(Self.request)
        let second = try client.exchange(Self.request)

        #expect(first.body == (0..<1000).map { "\($0)\n" }.joined())
        #expect(second.body == first.body)
        await server.stop()
    }

    @Test("A piece is sent when it is written, not when the answer is complete")
    func piecewise() async throws {
        let goOn = Signal()
        let server = try await TestServer { _ in
            HTTPResponse(
                status: 200, headers: ["X-Piece": "yes"],
                body: .stream { writer in
                    try await writer.write(Array("first".utf8))
                    await goOn.wait()
                    try await writer.write(Array("second".utf8))
                })
        }
        let client = try RawClient(port: server.port)

        client.send(Self.request)
        let start = try client.read(until: "first")
        goOn.raise()
        let rest = try client.read(until: "0\r\n\r\n")

        #expect(start.contains("X-Piece"))
        #expect(rest.contains("second"))
        await server.stop()
    }

    @Test("A writer waits for a client that does not read, and fails when it goes")
    func backpressure() async throws {
        let written = Atomic<Int>(0)
        let failed = Signal()
        let stalled = Signal()
        let server = try await TestServer { request in
            HTTPResponse(
                status: 200,
                body: .stream { writer in
                    let piece = [UInt8](repeating: 0x61, count: 16 * 1024)
                    do {
                        while true {
                            try await writer.write(piece)
                            if written.add(piece.count, ordering: .relaxed).newValue > 1 << 20 {
                                stalled.raise()
                            }
                        }
                    } catch {
                        failed.raise()
                        throw error
                    }
                })
        }
        var client: RawClient? = try RawClient(port: server.port, receiveBuffer: 4096)

        client?.send(Self.request)
        await stalled.wait()
        client = nil
        await failed.wait()

        #expect(written.load(ordering: .relaxed) < 64 << 20)
        await server.stop()
    }

    @Test("A client that takes nothing for too long is cut off")
    func stalledClient() async throws {
        var limits = HTTPLimits.quick
        limits.writing = .milliseconds(100)
        let failed = Signal()
        let server = try await TestServer(limits: limits) { _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer in
                    do {
                        while true { try await writer.write([UInt8](repeating: 0x61, count: 16 * 1024)) }
                    } catch {
                        failed.raise()
                        throw error
                    }
                })
        }
        let client = try RawClient(port: server.port, receiveBuffer: 4096)

        client.send(Self.request)

        await failed.wait()
        await server.stop()
        _ = client
    }

    @Test("A stream that fails is cut off, not completed")
    func cutOff() async throws {
        struct Failure: Error {}
        let server = try await TestServer { _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write(Array("part".utf8))
                    throw Failure()
                })
        }
        let client = try RawClient(port: server.port)

        #expect(throws: RawClient.NoAnswer.self) { try client.exchange(Self.request) }
        await server.stop()
    }

    @Test("HEAD of a streamed answer has no body and the writer is told")
    func head() async throws {
        let failed = Signal()
        let server = try await TestServer { _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer in
                    do {
                        while true { try await writer.write([UInt8](repeating: 0x61, count: 16 * 1024)) }
                    } catch {
                        failed.raise()
                        throw error
                    }
                })
        }
        let client = try RawClient(port: server.port)

        client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        let answer = try client.answer(hasBody: false)
        await failed.wait()

        #expect(answer.status == 200)
        await server.stop()
    }
}
