import Platform

extension BotConnector {
    private static let attempts = 3
    private static let longestWait = Duration.seconds(5)

    /// Calls Telegram again when it asks to wait for a moment: it takes one setWebhook a second from a bot.
    @discardableResult
    package func patiently<T>(_ isPatient: Bool = true, _ call: () async throws -> T) async throws -> T {
        for _ in 1..<(isPatient ? Self.attempts : 1) {
            do {
                return try await call()
            } catch let error as BotAPIError where error.code == 429 {
                guard let wait = error.retryAfter, wait <= Self.longestWait else { throw error }
                try await loop.sleep(for: wait + .milliseconds(Int.random(in: 20...200)))
            }
        }
        return try await call()
    }
}

extension Error {
    /// Whether Telegram gave no answer, or none that says anything about what was asked: the same call may well
    /// succeed later. It may also have been carried out.
    package var isTelegramAway: Bool {
        switch self {
        case is HTTPClientError: true
        case let error as BotAPIError: error.code == 429 || error.code >= 500
        default: false
        }
    }
}
