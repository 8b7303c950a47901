import Platform

/// Whether Telegram is to be asked at all. After a few calls in a row without an answer, whatever the bot, it is down
/// for everybody: then one call at a time finds out whether it is back, after waits that grow. So an outage neither
/// floods Telegram nor says anything about a bot.
struct TelegramOutage: Sendable {
    private static let enough = 5
    private static let firstWait = Duration.seconds(1)
    private static let longestWait = Duration.seconds(30)

    private var failures = 0
    private var until: ContinuousClock.Instant?

    var isDown: Bool { failures >= Self.enough }

    /// How many bots may be asked about now.
    func allowance(at now: ContinuousClock.Instant) -> Int {
        guard let until else { return .max }
        return now < until ? 0 : 1
    }

    mutating func answered() { self = TelegramOutage() }

    /// - Parameter retryAfter: Telegram's own word on it, with a 429.
    mutating func failed(
        retryAfter: Duration? = nil, at now: ContinuousClock.Instant,
        random: Double = .random(in: 0.8...1.2)
    ) {
        failures += 1
        guard isDown else { return }
        let wait = min(Self.firstWait * (1 << min(failures - Self.enough, 10)), Self.longestWait)
        until = now + max(wait, min(retryAfter ?? .zero, Self.longestWait)) * random
    }
}

extension BotAPIError {
    /// Whether it says nothing about the bot: Telegram is overloaded, or something else answers in its place.
    var isUnavailability: Bool { code >= 500 || code == 429 || isForeign }

    /// Not the Bot API's own form: a proxy's, say.
    var isForeign: Bool { message.hasPrefix("the answer is not the Bot API's") }
}
