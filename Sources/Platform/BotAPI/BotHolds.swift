import Synchronization

/// Which bots Telegram has asked to wait, over all event loops of a node. A 429 counts for the whole bot, whatever was
/// called: to ask for more meanwhile makes the wait longer.
package final class BotHolds: Sendable {
    private static let capacity = 20_000
    private static let longest = Duration.seconds(24 * 3600)

    /// Ends, by the bot's number.
    private let ends = Mutex<[Int64: ContinuousClock.Instant]>([:])

    package init() {}

    /// How long the bot has to wait still; nil when it has not.
    package func wait(of bot: Int64, at now: ContinuousClock.Instant = .now) -> Duration? {
        ends.withLock { ends in
            guard !ends.isEmpty, let end = ends[bot] else { return nil }
            guard end > now else {
                ends[bot] = nil
                return nil
            }
            return end - now
        }
    }

    /// Telegram asked for it; a longer wait asked for before goes on.
    package func hold(_ bot: Int64, for wait: Duration, at now: ContinuousClock.Instant = .now) {
        ends.withLock { ends in
            if ends.count >= Self.capacity { ends = ends.filter { $0.value > now } }
            guard ends.count < Self.capacity || ends[bot] != nil else { return }
            let end = now + min(wait, Self.longest)
            ends[bot] = max(end, ends[bot] ?? end)
        }
    }
}
