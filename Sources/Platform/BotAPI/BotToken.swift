/// A bot's key to the Bot API: the bot's Telegram id, a colon and a secret. It never prints its secret.
package struct BotToken: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The whole token. For storing it sealed and for calling Telegram; nowhere else.
    package let secret: String
    /// The bot's user id at Telegram.
    package let telegramID: Int64

    /// - Returns: nil unless it is digits, a colon and 30 to 128 of `A-Za-z0-9_-`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts[0].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let telegramID = Int64(parts[0]), telegramID > 0, (30...128).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy(Self.isSecretCharacter)
        else { return nil }
        secret = text
        self.telegramID = telegramID
    }

    package var description: String { "\(telegramID):\(SecretMask.placeholder)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    private static func isSecretCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
