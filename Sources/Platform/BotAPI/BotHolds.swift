import Synchronization

/// Which bots Telegram has asked to wait, over all event loops of a node. A 429 counts for the whole bot, whatever was
/// called: to ask for more meanwhile makes the wait longer. A bot is known by its whole token here: whoever makes one up
/// with the number of another's holds nobody but themselves.
package final class BotHolds: Sendable {
    private static let capacity = 20_000
    private static let longest = Duration.seconds(24 * 3600)

    /// Ends, by the SHA-256 of the bot's token.
    private let ends = Mutex<[[UInt8]: ContinuousClock.Instant]>([:])

    package init() {}

    /// How long the bot has to wait still; nil when it has not.
    package func wait(of token: BotToken, at now: ContinuousClock.Instant = .now) -> Duration? {
        guard ends.withLock({ !$0.isEmpty }) else { return nil }
        let bot = Self.digest(token)
        return ends.withLock { ends in
            guard let end = ends[bot] else { return nil }
            guard end > now else {
                ends[bot] = nil
                return nil
            }
            return end - now
        }
    }

    /// Telegram asked for it; a longer wait asked for before goes on.
    package func hold(_ token: BotToken, for wait: Duration, at now: ContinuousClock.Instant = .now) {
        let bot = Self.digest(token)
        ends.withLock { ends in
            if ends.count >= Self.capacity { ends = ends.filter { $0.value > now } }
            guard ends.count < Self.capacity || ends[bot] != nil else { return }
            let end = now + min(wait, Self.longest)
            ends[bot] = max(end, ends[bot] ?? end)
        }
    }

    private static func digest(_ token: BotToken) -> [UInt8] { SHA256.hash(Array(token.secret.utf8)) }
}
