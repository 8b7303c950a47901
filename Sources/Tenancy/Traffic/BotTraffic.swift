import Platform

/// Counts what comes in and goes out for each bot on one event loop, and adds it to `bot_hour` every few seconds.
///
/// It is on the path of every update: counting is a look-up and a few additions, without a lock. What is held is
/// bounded; of bots beyond it nothing is counted. A bot's counts are written at most once an interval, and a limited
/// number of bots a second, in turn: with very many busy bots each is written more rarely, with more in it.
///
/// `@unchecked Sendable`: confined to the loop's thread.
package final class BotTraffic: @unchecked Sendable {
    /// Why an update was turned away.
    package enum Refusal: Sendable { case wrongSecret, limited, forbidden, invalid, failed }

    private final class Tally {
        let key: BotKey
        let since = ContinuousClock.now
        var counts = TrafficCounts()
        init(_ key: BotKey) { self.key = key }
    }

    private static let capacity = 50_000
    private static let lastBatch = 500
    private static let tick = Duration.seconds(1)
    private static let pauseAfterFailure = Duration.seconds(5)

    private let loop: EventLoop
    private let database: Database
    private let logger: Logger
    private let interval: Duration
    private let shares: TrafficShares
    private let uncounted: Counter
    private var tallies: [BotKey: Tally] = [:]
    /// In the order in which they were begun.
    private var turns: [Tally] = []

    /// - Parameters:
    ///   - interval: how long a bot's counts are gathered before they are written.
    ///   - shares: of what all loops write.
    package init(
        loop: EventLoop, database: Database, metrics: Metrics, logger: Logger,
        interval: Duration = .seconds(4), shares: TrafficShares = TrafficShares()
    ) {
        self.loop = loop
        self.database = database
        self.logger = logger
        self.interval = interval
        self.shares = shares
        uncounted = metrics.counter(
            "rookery_bot_traffic_uncounted_total",
            "Events of bots that were not counted, for want of room.")
    }

    // MARK: Counting, on the loop

    /// Updates are in the log. `UpdateAppender` says so, whichever way they came in.
    /// - Parameters:
    ///   - count: those that are new.
    ///   - repeated: those that were there before.
    ///   - time: from the request, or from the poll's answer, to the commit.
    package func stored(
        bot: BotKey, count: Int = 1, repeated: Int = 0, time: Duration, at now: Timestamp = .now
    ) {
        guard let tally = tally(bot) else { return }
        tally.counts.repeated += Int64(repeated)
        guard count > 0 else { return }
        tally.counts.stored += Int64(count)
        tally.counts.ingestTimes.add(time, count: count)
        tally.counts.lastStoredAt = now
    }

    package func refused(bot: BotKey, _ refusal: Refusal) {
        guard let tally = tally(bot) else { return }
        switch refusal {
        case .wrongSecret: tally.counts.wrongSecret += 1
        case .limited: tally.counts.limited += 1
        case .forbidden: tally.counts.forbidden += 1
        case .invalid: tally.counts.invalid += 1
        case .failed: tally.counts.failed += 1
        }
        switch refusal {
        case .limited, .forbidden, .failed: tally.counts.lastRefusedAt = .now
        case .wrongSecret, .invalid: break
        }
    }

    /// A consumer took an update.
    /// - Parameter time: since the update's commit.
    package func delivered(bot: BotKey, time: Duration) {
        guard let tally = tally(bot) else { return }
        tally.counts.delivered += 1
        tally.counts.deliveryTimes.add(time)
    }

    /// A consumer did not take an update.
    package func deliveryFailed(bot: BotKey) { tally(bot)?.counts.deliveryFailed += 1 }

    private func tally(_ bot: BotKey) -> Tally? {
        loop.preconditionIsCurrent()
        if let known = tallies[bot] { return known }
        guard turns.count < Self.capacity else {
            uncounted.increment()
            return nil
        }
        let tally = Tally(bot)
        tallies[bot] = tally
        turns.append(tally)
        return tally
    }

    // MARK: Writing

    /// Runs until the task is cancelled.
    package func run() async throws {
        var isFailing = false
        while true {
            try await loop.sleep(for: isFailing ? Self.pauseAfterFailure : Self.tick)
            do {
                try await writeShare()
                isFailing = false
            } catch {
                try Task.checkCancellation()
                if !isFailing {
                    logger.warning("how bots fare could not be written", ["error": "\(error)"])
                }
                isFailing = true
            }
        }
    }

    /// Writes all there is, for the shutdown: until `deadline`, or until the database does not take it.
    package func flush(until deadline: ContinuousClock.Instant) async {
        do {
            while !turns.isEmpty, .now < deadline { try await write(turns.prefix(Self.lastBatch)) }
        } catch {
            logger.warning("how bots fared could not be written", ["error": "\(error)"])
        }
    }

    private func writeShare() async throws {
        let time = ContinuousClock.now - interval
        // They stand in the order of their time.
        let due = turns.firstIndex { $0.since > time } ?? turns.count
        try await write(turns.prefix(shares.take(due)))
    }

    /// - Parameter due: the first of `turns`.
    private func write(_ due: ArraySlice<Tally>) async throws {
        guard !due.isEmpty else { return }
        turns.removeFirst(due.count)
        for tally in due { tallies.removeValue(forKey: tally.key) }
        let rows = due.map { (bot: $0.key, counts: $0.counts) }
        do {
            try await database.job { tx in try await BotHour.add(rows, in: tx) }
        } catch {
            for row in rows { tally(row.bot)?.counts.add(row.counts) }
            throw error
        }
    }
}
