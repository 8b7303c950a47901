import Platform

/// How long the reconciler waits before it looks again at a bot with which something is wrong.
struct CheckWaits: Sendable {
    private static let longest = Duration.seconds(3600)

    /// Between checks of a bot that is well.
    let interval: Duration
    /// For how long a hybrid bot's webhook fails before the bot polls.
    let patience: Duration

    /// Twice as long each time, up to an hour.
    /// - Parameter failures: in a row, from 1.
    func afterRepair(_ failures: Int, random: Double = .random(in: 0.8...1.2)) -> Duration {
        Self.grown(interval, failures - 1) * random
    }

    /// While a decision about a hybrid bot is near.
    var soon: Duration { max(.seconds(1), min(interval, patience / 2)) }

    /// Before the webhook of a bot that has fallen back is tried, or tried again.
    func beforeTrial(_ tries: Int, random: Double = .random(in: 1...1.2)) -> Duration {
        Self.grown(patience, tries) * random
    }

    /// While Telegram cannot be asked, or wants to be left alone for a while.
    func unavailable(retryAfter: Duration?, random: Double = .random(in: 1...2)) -> Duration {
        max(.seconds(5), min(retryAfter ?? .seconds(10), Self.longest)) * random
    }

    private static func grown(_ wait: Duration, _ doublings: Int) -> Duration {
        min(wait * (1 << min(max(0, doublings), 12)), max(wait, longest))
    }
}
