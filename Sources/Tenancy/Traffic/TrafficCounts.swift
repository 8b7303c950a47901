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

extension TrafficCounts {
    /// A part of what was counted, the times left out.
    func share(_ share: Double) -> TrafficCounts {
        func part(_ count: Int64) -> Int64 { Int64((Double(count) * share).rounded()) }
        var counts = TrafficCounts()
        counts.stored = part(stored)
        counts.repeated = part(repeated)
        counts.wrongSecret = part(wrongSecret)
        counts.limited = part(limited)
        counts.forbidden = part(forbidden)
        counts.invalid = part(invalid)
        counts.failed = part(failed)
        counts.delivered = part(delivered)
        counts.deliveryFailed = part(deliveryFailed)
        return counts
    }
}

extension TrafficCounts: RowDecodable {
    static let columns: SQL =
        """
        stored, repeated, wrong_secret, limited, forbidden, invalid, failed, delivered, delivery_failed, ingest_times,
        delivery_times, last_stored_at, last_refused_at
        """

    package init(row: inout Row) throws {
        stored = try row.next()
        repeated = try row.next()
        wrongSecret = try row.next()
        limited = try row.next()
        forbidden = try row.next()
        invalid = try row.next()
        failed = try row.next()
        delivered = try row.next()
        deliveryFailed = try row.next()
        ingestTimes = DurationCounts(try row.next([Int64].self))
        deliveryTimes = DurationCounts(try row.next([Int64].self))
        lastStoredAt = try row.next()
        lastRefusedAt = try row.next()
    }
}
