import Platform

/// Out of the fast path, into delivery rows.
extension PushConsumer {
    /// The fast path's attempt failed: the update and its lane go on from rows.
    func moveToRetry(_ update: LoggedUpdate, _ attempt: DeliveryAttempt) {
        let lane = tracks.laneName(of: update)
        let wait = target.schedule.wait(after: 1, retryAfter: attempt.retryAfter, jitter: .random(in: 0...1))
        let dueAt = wait.map { update.due(after: $0) }
        let isDead = dueAt == nil
        if isDead { noteDead(update) }
        let holdsLane = !isDead || consumer.onDead == .park
        var rows = rows(for: tracks.failed(update, holdsLane: holdsLane))
        rows[0].status = isDead ? .dead : .retrying
        rows[0].isParking = isDead && holdsLane
        rows[0].attempts = 1
        rows[0].nextAttemptAt = dueAt
        rows[0].lastError = attempt.error
        guard holdsLane else { return leave(rows) }
        leave(rows) { consumer in
            if isDead {
                consumer.retries.add(lane, isExpress: update.isExpress)
            } else {
                consumer.reschedule(lane, isExpress: update.isExpress, at: dueAt)
            }
        }
    }

    func noteDead(_ update: LoggedUpdate) {
        parts.metrics.dead.increment()
        forgetPutBacks(of: update)
    }

    func rows(for updates: [LoggedUpdate]) -> [NewDeliveryRow] {
        updates.map { NewDeliveryRow(update: $0, lane: tracks.laneName(of: $0)) }
    }

    struct Departure {
        let rows: [NewDeliveryRow]
        let next: (@Sendable (isolated PushConsumer) -> Void)?
    }

    /// Commits `rows`; until then the window holds their updates, and the cursor stands.
    func leave(_ rows: [NewDeliveryRow], then next: (@Sendable (isolated PushConsumer) -> Void)? = nil) {
        leavingCount += rows.count
        for row in rows { departures.begin(row.lane, row.update.position) }
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
            for row in rows { departures.end(row.lane, row.update.position) }
        }
        while true {
            do {
                let isStored = try await DeliveryRow.store(
                    rows, of: consumer, progress: progress(settling: Set(positions)), in: parts.database)
                guard isStored else { return }
                tracks.left(rows.lazy.map(\.update))
                recordProgress()
                for departure in batch { departure.next?(self) }
                return
            } catch {
                parts.logger.debug(
                    "delivery rows could not be stored", ["consumer": "\(consumer.id)", "error": "\(error)"])
                // They are read again: the cursor has not passed them. A lease that is lost meanwhile may come back
                // under the same epoch; when it does not, this is stopped.
                guard !isStopped else { return }
                try? await parts.loop.sleep(for: .milliseconds(500))
            }
        }
    }
}
