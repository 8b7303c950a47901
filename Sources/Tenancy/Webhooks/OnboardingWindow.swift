import Platform
import Synchronization

/// How many tokens that Telegram may not have seen a node shows to it within a minute, over all its event loops. Telegram
/// takes about 20 from one address, from all tenants together; imports have a pace of their own below that, and are
/// counted.
package final class OnboardingWindow: Sendable {
    private static let length = Duration.seconds(60)

    private let limit: Int
    /// When each was shown, by its SHA-256.
    private let shown = Mutex<[[UInt8]: ContinuousClock.Instant]>([:])

    package init(limit: Int) { self.limit = limit }

    /// Counts a token, unless it has been shown within the minute.
    /// - Parameter isPaced: whether it is counted in any case, as somebody else sees to the pace.
    /// - Returns: how long to wait before it may be shown; nil when it may be now.
    func wait(for token: BotToken, isPaced: Bool = false, at now: ContinuousClock.Instant = .now) -> Duration?
    {
        let digest = SHA256.hash(Array(token.secret.utf8))
        return shown.withLock { shown in
            shown = shown.filter { now - $0.value < Self.length }
            if shown[digest] != nil { return nil }
            if !isPaced, shown.count >= limit, let first = shown.values.min() {
                return first + Self.length - now
            }
            shown[digest] = now
            return nil
        }
    }
}
