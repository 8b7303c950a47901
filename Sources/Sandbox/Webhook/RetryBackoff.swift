/// When an update is sent again: at once, then after 2, 4, 8 … s up to a bound drawn anew each time from
/// 60–120 s. A Retry-After of the receiver counts instead, up to an hour, and leaves the doubling where it
/// was.
struct RetryBackoff: Sendable, Equatable {
    private(set) var failures = 0
    private var delay = 1

    static let longestRetryAfter = 3600
    static let bounds = 60...120

    /// Counts a failure.
    /// - Parameters:
    ///   - retryAfter: seconds; 0 when the receiver named none.
    ///   - bound: seconds, of `bounds`.
    /// - Returns: how long to wait.
    mutating func failed(retryAfter: Int, bound: Int) -> Duration {
        defer { failures += 1 }
        let asked = min(max(retryAfter, 0), Self.longestRetryAfter)
        if asked > 0 { return .seconds(asked) }
        if failures == 0 { return .zero }
        delay = min(bound, delay * 2)
        return .seconds(delay)
    }
}
