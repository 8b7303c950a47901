import FoundationEssentials
import Platform

/// A tenant's own server: notes what comes and answers as the test says.
package final class TestReceiver: Sendable {
    package struct Reception: Sendable, CustomStringConvertible {
        package let updateID: Int64
        package let chat: Int64?
        package let attempt: Int
        package let headers: HTTPHeaders
        package let body: [UInt8]

        package var description: String { "\(updateID)#\(attempt)" }
    }

    package let url: String
    /// What has come, in the order of arrival.
    package let receptions = Happenings<Reception>()
    private let server: HTTPServer

    /// - Parameter answer: the status for what came; may wait as long as it likes.
    package convenience init(
        on loop: EventLoop, answer: @escaping @Sendable (Reception) async -> Int = { _ in 200 }
    ) async throws {
        try await self.init(on: loop, answering: { HTTPResponse(status: await answer($0)) })
    }

    /// - Parameter answer: the whole answer to what came.
    package init(
        on loop: EventLoop, answering answer: @escaping @Sendable (Reception) async -> HTTPResponse
    ) async throws {
        let listener = try HTTPListener(address: IPAddress(bytes: [127, 0, 0, 1]), port: 0)
        url = "http://127.0.0.1:\(listener.port)/updates"
        let receptions = receptions
        server = HTTPServer(
            loop: loop, socket: try listener.socket(), logger: Logger(minimum: .error), metrics: Metrics()
        ) { request in
            guard let reception = Reception(request) else { return HTTPResponse(status: 400) }
            receptions.add(reception)
            return await answer(reception)
        }
        try await server.start()
    }

    package func stop() async { await server.stop() }
}

extension TestReceiver.Reception {
    private struct Update: Decodable {
        struct Message: Decodable { let chat: Chat? }
        struct Chat: Decodable { let id: Int64 }
        let updateID: Int64
        let message: Message?

        private enum CodingKeys: String, CodingKey { case updateID = "update_id", message }
    }

    fileprivate init?(_ request: HTTPRequest) {
        guard let update = try? JSONDecoder().decode(Update.self, from: Data(request.body)) else {
            return nil
        }
        updateID = update.updateID
        chat = update.message?.chat?.id
        attempt = request.headers["Rookery-Attempt"].flatMap { Int($0) } ?? 0
        headers = request.headers
        body = request.body
    }
}
