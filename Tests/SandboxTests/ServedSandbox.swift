import Platform

@testable import Sandbox

/// A sandbox on a free port, with a client that asks it.
final class ServedSandbox: Sendable {
    let loop: EventLoop
    let server: SandboxServer
    private let client: HTTPClient

    init(_ configuration: SandboxConfiguration = SandboxConfiguration()) async throws {
        let loop = try EventLoop()
        try loop.start()
        self.loop = loop
        let client = try await Task(executorPreference: loop) {
            try HTTPClient(loop: loop, addressGuard: AddressGuard(allowsPrivate: true))
        }.value
        self.client = client
        server = try SandboxServer(
            loop: loop, address: IPAddress(bytes: [127, 0, 0, 1]), port: 0, configuration: configuration,
            client: client, logger: Logger(minimum: .error), metrics: Metrics())
        _ = try await server.start()
    }

    deinit { loop.stop() }

    func send(_ method: String, _ path: String, _ body: String = "") async throws -> HTTPClientResponse {
        let request = HTTPClientRequest(
            method: method, url: server.url + path,
            headers: body.isEmpty ? [] : [("Content-Type", "application/json")], body: Array(body.utf8),
            connectTimeout: .seconds(60), timeout: .seconds(60), responseLimit: 1 << 20)
        return try await Task(executorPreference: loop) { [client] in try await client.send(request) }.value
    }

    func stop() async {
        await server.stop()
        await Task(executorPreference: loop) { [client] in client.close() }.value
    }
}

extension HTTPClientResponse {
    var json: JSON { (try? JSON(parsing: body)) ?? .null }
}

/// A bot's own server: answers each update with a sendMessage.
final class Receiver: Sendable {
    let url: String
    let requests: Requests
    private let server: HTTPServer

    actor Requests {
        private var all: [HTTPRequest] = []
        func add(_ request: HTTPRequest) { all.append(request) }
        func next() -> HTTPRequest? { all.isEmpty ? nil : all.removeFirst() }
    }

    init(on loop: EventLoop) async throws {
        let listener = try HTTPListener(address: IPAddress(bytes: [127, 0, 0, 1]), port: 0)
        url = "http://127.0.0.1:\(listener.port)"
        let requests = Requests()
        self.requests = requests
        server = HTTPServer(
            loop: loop, socket: try listener.socket(), logger: Logger(minimum: .error), metrics: Metrics()
        ) { request in
            await requests.add(request)
            let chat = (try? JSON(parsing: request.body))?["message"]?["chat"]?["id"] ?? .null
            return .json(200, JSON.members(["method": "sendMessage", "chat_id": chat, "text": "pong"]).bytes)
        }
        try await server.start()
    }

    func stop() async { await server.stop() }
}
