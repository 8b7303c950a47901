import Platform

/// Reading on in the log: far ahead while the endpoint takes what it gets, one update at a time while it does not.
extension PushConsumer {
    /// Updates whose delivery rows may wait for their commit.
    private static let leavingLimit = 1000

    func startReading() {
        let limit = updatesToRead
        guard mayHaveMore, !isReading, limit > 0, leavingCount < Self.leavingLimit else { return }
        isReading = true
        mayHaveMore = false
        expectedBytes = limit > 1 ? LogReader.pageBytes : 0
        // `stop` waits for it through `isReading`.
        Task(executorPreference: parts.loop) { await self.read(limit) }
    }

    /// A consumer that holds nothing may always read one, so that none waits for what others hold.
    private var updatesToRead: Int {
        let isFree = breaker.isClosed && parts.budget.hasRoom(for: LogReader.pageBytes)
        if isFree { return window.hasRoom(for: Self.readLimit) ? Self.readLimit : 0 }
        return window.isEmpty ? 1 : 0
    }

    private func read(_ limit: Int) async {
        do {
            let page = try await parts.reader.read(
                LogReader.Request(bot: consumer.bot, after: window.lastRead, limit: limit))
            if page.mayHaveMore { mayHaveMore = true }
            let before = window.cursor
            let leaving = window.take(page.updates, isWanted: target.wants)
            if window.cursor != before { recordProgress() }
            endReading()
            if !leaving.isEmpty { leave(rows(for: leaving)) }
        } catch {
            mayHaveMore = true
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
        guard !breaker.isClosed, underWay == 0, leavingCount == 0, !isReading, window.unsettledCount > 1
        else { return }
        window.dropReadAhead()
        mayHaveMore = true
    }
}
