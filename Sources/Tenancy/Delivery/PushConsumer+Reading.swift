import Platform

/// Reading on in the log: far ahead while the endpoint takes what it gets, hardly at all while it does not.
extension PushConsumer {
    /// Updates whose delivery rows may wait for their commit.
    private static let leavingLimit = 1000
    /// Lanes that are worked off from rows, all of which are in memory. Past it nothing more is taken in.
    static let laneLimit = 10_000
    /// A busy bot's news may come a thousand times a second, hardly any of it express.
    private static let expressEvery = Duration.milliseconds(50)

    func startReading() {
        guard !isReading, !hasReadRange, leavingCount < Self.leavingLimit, knowsAllLanes,
            retries.count < Self.laneLimit
        else { return }
        // A consumer that holds nothing may always read a little, so that none waits for what others hold.
        let isAhead = breaker.isClosed && budget.hasRoom(for: LogReader.pageBytes)
        let mayReadExpress = lastActive >= nextExpressRead
        guard
            let reading = tracks.startReading(
                isAhead: isAhead, limit: Self.readLimit, readsExpress: mayReadExpress)
        else { return mayReadExpress ? () : awaitExpressRead() }
        if reading.isExpress { nextExpressRead = lastActive + Self.expressEvery }
        isReading = true
        expectedBytes = reading.limit > 1 ? LogReader.pageBytes : 0
        // `stop` waits for it through `isReading`.
        Task(executorPreference: parts.loop) { await self.read(reading) }
    }

    private func awaitExpressRead() {
        guard expressTimer == nil, tracks.awaitsExpress else { return }
        expressTimer = parts.loop.schedule(at: nextExpressRead) {
            self.assumeIsolated {
                $0.expressTimer = nil
                $0.pump()
            }
        }
    }

    private func read(_ reading: DeliveryTracks.Reading) async {
        do {
            let page = try await parts.reader.read(
                LogReader.Request(
                    bot: consumer.bot, after: reading.after, limit: reading.limit,
                    isExpress: reading.isExpress))
            let before = tracks.cursors
            let leaving = tracks.take(
                page.updates, mayHaveMore: page.mayHaveMore, of: reading, isWanted: target.wants)
            if reading.isExpress, page.mayHaveMore { nextExpressRead = .now }
            if tracks.cursors != before { recordProgress() }
            endReading()
            if !leaving.isEmpty { leave(rows(for: leaving)) }
        } catch {
            tracks.failed(reading)
            endReading()
            return pauseAfterFailure(error)
        }
        pump()
    }

    private func endReading() {
        isReading = false
        expectedBytes = 0
    }

    /// The database did not answer; the pool's own errors are logged there.
    private func pauseAfterFailure(_ error: any Error) {
        parts.logger.debug("a read of the log failed", ["consumer": "\(consumer.id)", "error": "\(error)"])
        parts.loop.schedule(after: .milliseconds(500)) { self.assumeIsolated { $0.pump() } }
        endIfIdle()
    }

    /// An endpoint that is down may stay so for long, and the log keeps what was read ahead for it.
    func dropReadAhead() {
        guard !breaker.isClosed, underWay == 0, leavingCount == 0, !isReading else { return }
        tracks.dropReadAhead()
    }
}
