import Platform

/// What is sent next, and when: see `PushConsumer` for the order.
extension PushConsumer {
    /// Updates with a deadline that wait are looked through so often.
    private static let expiryEvery = Duration.seconds(1)

    private enum Turn { case retry(express: Bool), update }

    func send(_ now: ContinuousClock.Instant) {
        while let turn = nextTurn(now) {
            guard underWay < allowance(now) else { return awaitGate(throttle.waits(at: now)) }
            if let opensAt = pace?.opensAt(now) { return awaitGate(opensAt) }
            guard breaker.admits(at: now) else { return awaitGate(breaker.opensAt) }
            pace?.take(now)
            switch turn {
            case .retry(let express): sendRetry(express: express, now)
            case .update: sendUpdate(now)
            }
        }
    }

    /// With an open breaker a retry is the probe only when no update is there to be it.
    private func nextTurn(_ now: ContinuousClock.Instant) -> Turn? {
        let sendsUpdates = knowsAllLanes && tracks.hasReady
        let sendsRetries = retryLoad.count < max(1, allowance(now) / 2) && retryLoad.mayBegin(in: budget)
        guard breaker.isClosed else {
            if sendsUpdates { return .update }
            guard sendsRetries else { return nil }
            if retries.hasDue(express: true) { return .retry(express: true) }
            return retries.hasDue(express: false) ? .retry(express: false) : nil
        }
        if sendsRetries, retries.hasDue(express: true) { return .retry(express: true) }
        if sendsUpdates, tracks.express.hasReady { return .update }
        if sendsRetries, retries.hasDue(express: false) { return .retry(express: false) }
        return sendsUpdates ? .update : nil
    }

    /// How many may be under way now.
    private func allowance(_ now: ContinuousClock.Instant) -> Int {
        guard now >= pausedUntil, !parts.journal.assumeIsolated({ $0.isFull }) else { return 0 }
        return min(consumer.concurrency, throttle.allowance(at: now))
    }

    private func awaitGate(_ opensAt: ContinuousClock.Instant?) {
        guard gateTimer == nil, let opensAt else { return }
        gateTimer = parts.loop.schedule(at: opensAt) {
            self.assumeIsolated {
                $0.gateTimer = nil
                $0.pump()
            }
        }
    }

    private func sendUpdate(_ now: ContinuousClock.Instant) {
        guard let update = tracks.next() else { return breaker.abandonProbe(at: now) }
        if update.isTooLate {
            breaker.abandonProbe(at: now)
            return expire(tracks.failed(update, holdsLane: false))
        }
        underWay += 1
        let isProbe = !breaker.isClosed
        // `stop` waits for it through `underWay`.
        Task(executorPreference: parts.loop) { await self.deliver(update, isProbe: isProbe) }
    }

    private func sendRetry(express: Bool, _ now: ContinuousClock.Instant) {
        guard let lane = retries.next(express: express) else { return breaker.abandonProbe(at: now) }
        let isProbe = !breaker.isClosed
        underWay += 1
        let number = retryLoad.begin(in: budget)
        // `stop` waits for it through `underWay`.
        Task(executorPreference: parts.loop) {
            await self.workOff(lane, as: number, isProbe: isProbe)
            await self.endRetry(number)
        }
    }

    private func endRetry(_ number: Int) {
        underWay -= 1
        retryLoad.end(number)
        pump()
    }

    /// What waits too long for its turn ends without one, whatever keeps it waiting.
    func expireWaiting(_ now: ContinuousClock.Instant) {
        guard now >= nextExpiry, !tracks.express.isEmpty || retries.hasDue(express: true) else { return }
        nextExpiry = now + Self.expiryEvery
        expire(tracks.expire(at: .now))
        if !breaker.isClosed || allowance(now) == 0 || !retryLoad.mayBegin(in: budget) { expireDueLanes() }
    }

    private func expire(_ updates: [LoggedUpdate]) {
        guard !updates.isEmpty else { return }
        for update in updates {
            parts.metrics.expired.increment()
            forgetPutBacks(of: update)
        }
        leave(
            updates.map {
                NewDeliveryRow(
                    update: $0, lane: tracks.laneName(of: $0), status: .expired, lastError: Self.expiry)
            })
    }
}
