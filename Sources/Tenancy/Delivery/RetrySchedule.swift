import Platform

/// When a failed update is tried again.
struct RetrySchedule: Sendable, Equatable {
    /// The longest wait a receiver can ask for with Retry-After.
    static let longestRetryAfter = Duration.seconds(3600)

    /// The wait before each attempt; as many attempts as entries.
    let waits: [Duration]

    /// - Parameters:
    ///   - attempts: how many have been made, at least 1.
    ///   - jitter: 0 to 1, spread over ±20 % of the wait.
    /// - Returns: nil when the schedule is used up.
    func wait(after attempts: Int, retryAfter: Duration?, jitter: Double) -> Duration? {
        guard attempts < waits.count else { return nil }
        let wait = waits[attempts] * (0.8 + 0.4 * jitter)
        return max(wait, min(retryAfter ?? .zero, Self.longestRetryAfter))
    }
}
