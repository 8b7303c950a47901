import FoundationEssentials

/// What a tenant's admin asks of the platform through one of the tenant's bots.
package enum AdminCommand: Sendable, Equatable {
    /// How the bot's webhook is.
    case webhookStatus
    /// Ties the sender's Telegram account to the admin who was given the code.
    case link(code: String)
}

/// A message that may be a command: in a private chat, from a person. Whether it is one depends on who sent it.
struct AdminMessage: Sendable, Equatable {
    let command: AdminCommand
    let chat: Int64
    let sender: Int64

    /// - Returns: nil for every other update.
    init?(reading update: [UInt8]) {
        guard Self.mayBeCommand(update),
            let message = try? JSONDecoder().decode(Update.self, from: Data(update)).message,
            message.chat.type == "private", !(message.from.isBot ?? false),
            let command = AdminCommand(message.text)
        else { return nil }
        self.command = command
        chat = message.chat.id
        sender = message.from.id
    }

    /// Spares nearly every update the decoder.
    private static func mayBeCommand(_ update: [UInt8]) -> Bool {
        for (place, byte) in update.enumerated() where byte == UInt8(ascii: "/") {
            let rest = update[(place + 1)...]
            if rest.starts(with: "link".utf8) || rest.starts(with: "webhook_status".utf8) { return true }
        }
        return false
    }

    private struct Update: Decodable { let message: Message }

    private struct Message: Decodable {
        struct Chat: Decodable {
            let id: Int64
            let type: String
        }
        struct Sender: Decodable {
            let id: Int64
            let isBot: Bool?
            private enum CodingKeys: String, CodingKey {
                case id
                case isBot = "is_bot"
            }
        }
        let chat: Chat
        let from: Sender
        let text: String
    }
}

extension AdminCommand {
    /// - Parameter text: a message's, such as `/link 4k9…`; the command may name the bot (`/link@some_bot`).
    init?(_ text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let name = words.first?.split(separator: "@").first else { return nil }
        switch (name, words.count) {
        case ("/webhook_status", 1): self = .webhookStatus
        case ("/link", 2):
            guard let code = LinkCode(String(words[1])) else { return nil }
            self = .link(code: code.text)
        default: return nil
        }
    }
}
