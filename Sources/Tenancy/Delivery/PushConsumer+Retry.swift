import Platform

/// The slow path. A lane in retry:
///
///     moveToRetry ──rows committed──▶ waiting ──due──▶ sending ──success──▶ next row, at once
///                                        ▲                │                └─ none left ─▶ the lane is released
///                                        └────failure─────┘   (used up: the row is dead, the lane skips or parks)
///
/// Rows that are added to a held lane while it empties are found by the last look, because a lane is only
/// released when nothing is on its way into it.
extension PushConsumer {
    // MARK: Into the rows

    /// The fast path's attempt failed: the update and its lane go on from rows.
    func moveToRetry(_ update: LoggedUpdate, _ attempt: DeliveryAttempt) {
        let lane = window.laneName(of: update)
        let wait = target.schedule.wait(after: 1, retryAfter: attempt.retryAfter, jitter: .random(in: 0...1))
        let dueAt = wait.map { Timestamp.now + $0 }
        let isDead = dueAt == nil
        if isDead { parts.metrics.dead.increment() }
        let holdsLane = !isDead || consumer.onDead == .park
        var rows = rows(for: window.failed(update.position, holdsLane: holdsLane))
        rows[0].status = isDead ? .dead : .retrying
        rows[0].attempts = 1
        rows[0].nextAttemptAt = dueAt
        rows[0].lastError = attempt.error
        guard holdsLane else { return leave(rows) }
        leave(rows) { consumer in
            if let dueAt { consumer.schedule(lane, at: dueAt) } else { consumer.retries.wait(lane, nil) }
        }
    }

    func rows(for updates: [LoggedUpdate]) -> [NewDeliveryRow] {
        updates.map { NewDeliveryRow(update: $0, lane: window.laneName(of: $0)) }
    }

    struct Departure {
        let rows: [NewDeliveryRow]
        let next: (@Sendable (isolated PushConsumer) -> Void)?
    }

    /// Commits `rows`; until then the window holds their updates, and the cursor stands.
    func leave(_ rows: [NewDeliveryRow], then next: (@Sendable (isolated PushConsumer) -> Void)? = nil) {
        leavingCount += rows.count
        for row in rows { departures.begin(row.lane) }
        toLeave.append(Departure(rows: rows, next: next))
        guard !isCommitting else { return }
        isCommitting = true
        // `stop` waits for it through `leavingCount`.
        Task(executorPreference: parts.loop) { await self.commitDepartures() }
    }

    private func commitDepartures() async {
        while !toLeave.isEmpty {
            let batch = Array(toLeave.prefix(Self.readLimit))
            toLeave.removeFirst(batch.count)
            await commit(batch)
            pump()
        }
        isCommitting = false
    }

    private func commit(_ batch: [Departure]) async {
        let rows = batch.flatMap(\.rows)
        let positions = rows.map(\.update.position)
        defer {
            leavingCount -= rows.count
            for row in rows { departures.end(row.lane) }
        }
        while true {
            do {
                let isStored = try await DeliveryRow.store(
                    rows, of: consumer, progress: progress(settling: Set(positions)), in: parts.database)
                guard isStored else { return }
                window.left(positions)
                recordProgress()
                for departure in batch { departure.next?(self) }
                return
            } catch {
                parts.logger.debug(
                    "delivery rows could not be stored", ["consumer": "\(consumer.id)", "error": "\(error)"])
                // No longer ours to store: the cursor has not passed them, so they are read again.
                guard !isStopped, isOwner else { return }
                try? await parts.loop.sleep(for: .milliseconds(500))
            }
        }
    }

    // MARK: Out of the rows

    func schedule(_ lane: String, at dueAt: Timestamp?) {
        let wait = dueAt.map { max(.zero, $0 - .now) } ?? .zero
        let timer = parts.loop.schedule(after: wait) {
            self.assumeIsolated {
                $0.retries.becomeDue(lane)
                $0.pump()
            }
        }
        retries.wait(lane, timer)
    }

    func sendRetries() {
        for lane in retries.takeUnscheduled() { schedule(lane.name, at: lane.dueAt) }
        // With an open breaker a retry is the probe only when no update is there to be it.
        while retries.hasDue, hasRoomForRetry, breaker.isClosed || !window.hasReady {
            guard breaker.admits(at: .now) else { return awaitBreaker() }
            guard let lane = retries.next() else { return breaker.abandonProbe(at: .now) }
            let isProbe = !breaker.isClosed
            beginRetry()
            // `stop` waits for it through `underWay`.
            Task(executorPreference: parts.loop) {
                await self.workOff(lane, isProbe: isProbe)
                await self.endRetry()
            }
        }
    }

    /// Delivers the lane's rows one after the other until one fails or none is left.
    /// - Parameter isProbe: the breaker is open and lets this lane's first row through; when none is sent after
    ///   all, the probe is given back.
    private func workOff(_ lane: String, isProbe: Bool) async {
        defer { if isProbe { breaker.abandonProbe(at: .now) } }
        do {
            while !isStopped, isOwner, breaker.isClosed || (isProbe && breaker.isProbing) {
                let (row, isQuiet) = try await head(of: lane)
                guard let row else {
                    guard isQuiet else { return schedule(lane, at: .now + .milliseconds(50)) }
                    retries.remove(lane)
                    return window.releaseLane(lane)
                }
                guard try await deliver(row, in: lane) else { return }
            }
            schedule(lane, at: .now + .seconds(1))
        } catch {
            parts.logger.debug(
                "a retry could not be written down", ["consumer": "\(consumer.id)", "error": "\(error)"])
            schedule(lane, at: .now + .seconds(1))
        }
    }

    /// - Returns: the lane's first row, and whether no other was on its way into the lane meanwhile.
    private func head(of lane: String) async throws -> (DeliveryRow?, isQuiet: Bool) {
        departures.startLook(at: lane)
        do {
            let row = try await DeliveryRow.head(of: lane, consumer, in: parts.database)
            return (row, departures.endLook(at: lane))
        } catch {
            _ = departures.endLook(at: lane)
            throw error
        }
    }

    /// - Returns: whether the lane goes on at once.
    private func deliver(_ row: DeliveryRow, in lane: String) async throws -> Bool {
        if let deadline = row.update.deadline, deadline < .now {
            parts.metrics.expired.increment()
            try await row.update(
                .expired, attempts: row.attempts, dueAt: nil, lastError: Self.expiry,
                of: consumer, epoch: epoch, in: parts.database)
            return true
        }
        guard let attempt = await send(row.update, number: row.attempts + 1) else {
            schedule(lane, at: .now + Self.pause)
            return false
        }
        if attempt.isSuccess {
            try await row.remove(of: consumer, epoch: epoch, in: parts.database)
            return true
        }
        let wait = target.schedule.wait(
            after: attempt.number, retryAfter: attempt.retryAfter, jitter: .random(in: 0...1))
        let dueAt = wait.map { Timestamp.now + $0 }
        try await row.update(
            wait == nil ? .dead : .retrying, attempts: attempt.number, dueAt: dueAt, lastError: attempt.error,
            of: consumer, epoch: epoch, in: parts.database)
        if let dueAt {
            schedule(lane, at: dueAt)
            return false
        }
        parts.metrics.dead.increment()
        if consumer.onDead == .park { retries.wait(lane, nil) }
        return consumer.onDead == .skip
    }
}
