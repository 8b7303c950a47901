import Platform
import Testing

@Suite("The HTTP client's places", .timeLimit(.minutes(10)))
struct HTTPClientPlacesTests {
    @Test("The queue is bounded")
    func fullQueue() async throws {
        let server = try StubServer { connection in
            _ = connection.readRequest(); _ = connection.readRequest()
        }
        defer { server.stop() }

        let errors = try await withClient(limits: HTTPClientLimits(concurrent: 1, queued: 1)) {
            client, loop in
            await withTaskGroup(of: HTTPClientError?.self) { group in
                for _ in 0..<3 {
                    group.addTask(executorPreference: loop) {
                        do throws(HTTPClientError) {
                            _ = try await client.send(HTTPClientRequest(url: server.url))
                            return nil
                        } catch { return error }
                    }
                }
                let first = await group.next()
                group.cancelAll()
                return await group.reduce(into: [first ?? nil]) { $0.append($1) }
            }
        }

        #expect(errors == [.tooManyRequests, .cancelled, .cancelled])
    }

    @Test("A request whose time is over while it waits for a place was not sent, and says so")
    func timeOverInQueue() async throws {
        let server = try StubServer { connection in
            _ = connection.readRequest(); _ = connection.readRequest()
        }
        defer { server.stop() }

        let error = try await withClient(limits: HTTPClientLimits(concurrent: 1)) { client, loop in
            let first = Task(executorPreference: loop) {
                try await client.send(HTTPClientRequest(url: server.url))
            }
            while client.load < 1 { await Task.yield() }
            let error = await #expect(throws: HTTPClientError.self) {
                try await client.send(HTTPClientRequest(url: server.url, timeout: .milliseconds(50)))
            }
            first.cancel()
            _ = await first.result
            return error
        }

        #expect(error == .tooManyRequests)
    }

    @Test("Waiting for a place takes nothing from the time that the other end has for its answer")
    func fullTime() async throws {
        let server = try StubServer { connection in
            _ = connection.readRequest(); _ = connection.readRequest()
        }
        defer { server.stop() }

        let (error, time) = try await withClient(limits: HTTPClientLimits(concurrent: 1)) { client, loop in
            let first = Task(executorPreference: loop) {
                try await client.send(HTTPClientRequest(url: server.url, timeout: .milliseconds(700)))
            }
            while client.load < 1 { await Task.yield() }
            let started = ContinuousClock.now
            let error = await #expect(throws: HTTPClientError.self) {
                try await client.send(HTTPClientRequest(url: server.url, timeout: .seconds(1)))
            }
            _ = await first.result
            return (error, ContinuousClock.now - started)
        }

        #expect(error == .timedOut)
        #expect(time >= .milliseconds(1500))
    }

    @Test("A request that is not wanted any more when it gets its place is not sent, and its place goes on")
    func notWanted() async throws {
        let server = try StubServer.answering { _ in httpAnswer() }
        defer { server.stop() }

        let (error, next) = try await withClient(limits: HTTPClientLimits(concurrent: 1)) { client, _ in
            let unwanted = HTTPClientRequest(url: server.url + "/unwanted", isStillWanted: { false })
            let error = await #expect(throws: HTTPClientError.self) { try await client.send(unwanted) }
            return (error, try await client.send(HTTPClientRequest(url: server.url)).status)
        }

        #expect(error == .tooManyRequests)
        #expect(next == 200)
        #expect(server.connections == 1)
    }
}
