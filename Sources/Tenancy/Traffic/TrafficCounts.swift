import Platform

/// What came in for a bot and what went out, in some stretch of time.
package struct TrafficCounts: Sendable, Equatable {
    package var stored: Int64 = 0
    /// In the log already.
    package var repeated: Int64 = 0
    package var wrongSecret: Int64 = 0
    /// Above the bot's limit.
    package var limited: Int64 = 0
    package var forbidden: Int64 = 0
    /// No update.
    package var invalid: Int64 = 0
    /// Not stored, for a fault of ours.
    package var failed: Int64 = 0
    package var delivered: Int64 = 0
    package var deliveryFailed: Int64 = 0
    /// From the request, or the poll's answer, to the commit.
    package var ingestTimes = DurationCounts()
    /// From the commit to the consumer's 2xx.
    package var deliveryTimes = DurationCounts()
    package var lastStoredAt: Timestamp?
    /// When an update was last turned away that Telegram will send again: 403, 429, 5xx.
    package var lastRefusedAt: Timestamp?

    package init() {}

    mutating func add(_ other: TrafficCounts) {
        stored += other.stored
        repeated += other.repeated
        wrongSecret += other.wrongSecret
        limited += other.limited
        forbidden += other.forbidden
        invalid += other.invalid
        failed += other.failed
        delivered += other.delivered
        deliveryFailed += other.deliveryFailed
        ingestTimes.add(other.ingestTimes)
        deliveryTimes.add(other.deliveryTimes)
        lastStoredAt = [lastStoredAt, other.lastStoredAt].compactMap { $0 }.max()
        lastRefusedAt = [lastRefusedAt, other.lastRefusedAt].compactMap { $0 }.max()
    }
}
