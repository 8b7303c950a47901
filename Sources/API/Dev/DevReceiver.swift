import FoundationEssentials
import Platform
import Tenancy

/// The demo consumer's endpoint: it checks the signature, as a tenant's server would, and answers the user back.
final class DevReceiver: Sendable {
    struct Reception: Sendable {
        let updateID: Int64
        let deliveredAt: Timestamp
        let answeredAt: Timestamp
    }

    let url: String
    private let server: HTTPServer

    /// - Parameter onAnswered: told of each message that has been answered.
    init(
        signer: WebhookSigner, token: BotToken, telegram: BotAPIClient, runtime: Runtime,
        onAnswered: @escaping @Sendable (Reception) -> Void
    ) async throws {
        let loop = runtime.loops[0]
        let listener = try HTTPListener(endpoint: Endpoint(host: "127.0.0.1", port: 0))
        url = "http://127.0.0.1:\(listener.port)/telegram"
        let logger = runtime.logger
        let handler: HTTPHandler = { request in
            let deliveredAt = Timestamp.now
            try Self.check(request, signer)
            if let message = try? JSONDecoder().decode(Update.self, from: Data(request.body)),
                let chat = message.chat
            {
                var answer = JSONText()
                answer.field("chat_id", literal: "\(chat)")
                answer.field("text", "You said: \(message.text)")
                _ = try await telegram.call("sendMessage", Array(answer.finished.utf8), token: token)
                onAnswered(
                    Reception(
                        updateID: message.updateID, deliveredAt: deliveredAt, answeredAt: .now))
            }
            return HTTPResponse(status: 200)
        }
        server = HTTPServer(
            loop: loop, socket: try listener.socket(), logger: logger, metrics: Metrics()
        ) { request in await request.answer(with: handler, logger: logger) }
        try await server.start()
    }

    func stop() async {
        await server.drain(until: .now + .seconds(1))
        await server.stop()
    }

    private static func check(_ request: HTTPRequest, _ signer: WebhookSigner) throws {
        guard let id = request.headers["webhook-id"], let signature = request.headers["webhook-signature"],
            let timestamp = request.headers["webhook-timestamp"].flatMap({ Int64($0) }),
            abs(Timestamp.now.secondsSince1970 - timestamp) <= 300,
            signer.verifies(signature, id: id, timestamp: timestamp, body: request.body)
        else { throw Problem(401, "wrong_signature", "The signature does not fit") }
    }

    /// What the demo reads of an update.
    private struct Update: Decodable {
        let updateID: Int64
        let chat: Int64?
        let text: String

        private enum Member: String, CodingKey { case updateID = "update_id", message, chat, id, text }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Member.self)
            updateID = try members.decode(Int64.self, forKey: .updateID)
            let message = try? members.nestedContainer(keyedBy: Member.self, forKey: .message)
            chat = try? message?.nestedContainer(keyedBy: Member.self, forKey: .chat).decode(
                Int64.self, forKey: .id)
            text = (try? message?.decode(String.self, forKey: .text)) ?? ""
        }
    }
}
