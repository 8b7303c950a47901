import Platform

/// The slow path. A lane in retry:
///
///     moveToRetry ──rows committed──▶ waiting ──due──▶ sending ──success──▶ next row, at once
///                                        ▲                │                └─ none left ─▶ the lane is released
///                                        └────failure─────┘   (used up: the row is dead, the lane skips or parks)
///
/// The rows are the truth and can be changed from outside: whoever works a lane off looks at its first row anew each
/// time, and does what it says. So to look once too often is harmless, and is what is done whenever in doubt.
/// Rows that are added to a held lane while it empties are found by the last look, because a lane is only
/// released when nothing is on its way into it.
extension PushConsumer {
    /// How many lanes are looked through at once for what has expired.
    private static let expiryLimit = 500
    /// A row that is due within this is due.
    static let early = Duration.milliseconds(20)

    func scheduleLanes() {
        guard !unscheduled.isEmpty else { return }
        let lanes = unscheduled
        unscheduled = []
        for lane in lanes where !lane.isParked { schedule(lane.name, at: lane.dueAt) }
    }

    /// For whoever works the lane off. It waits until then; at once when its rows have changed since it looked.
    func schedule(_ lane: String, at dueAt: Timestamp?) {
        let dueAt = retries.isChanged(lane) ? nil : dueAt
        let wait = dueAt.map { max(.zero, $0 - .now) } ?? .zero
        let timer = parts.loop.schedule(after: wait) {
            self.assumeIsolated {
                $0.retries.becomeDue(lane)
                $0.pump()
            }
        }
        retries.wait(lane, timer).map(parts.loop.cancel)
    }

    /// For everybody else: a lane that is being worked off just now is looked at once more afterwards.
    func reschedule(_ lane: String, isExpress: Bool, at dueAt: Timestamp?) {
        retries.add(lane, isExpress: isExpress)
        if retries.mayWait(lane) { schedule(lane, at: dueAt) }
    }

    /// Delivers the lane's rows one after the other until one fails or none is left.
    /// - Parameters:
    ///   - number: in `retryLoad`, where there must be room for each row before it is read. A lane that finds none is
    ///     due again, behind the others.
    ///   - isProbe: the breaker is open and lets this lane's first row through; when none is sent after all, the
    ///     probe is given back.
    func workOff(_ lane: String, as number: Int, isProbe: Bool) async {
        defer { if isProbe { breaker.abandonProbe(at: .now) } }
        do {
            var next: Look?
            while !isStopped, isOwner, breaker.isClosed || (isProbe && breaker.isProbing) {
                guard next != nil || retryLoad.mayRead(number, in: budget) else {
                    return schedule(lane, at: nil)
                }
                let (row, onItsWay) = if let next { next } else { try await head(of: lane) }
                next = nil
                // What is on its way into the lane may have to go first.
                guard onItsWay == .max || onItsWay >= row?.update.position ?? .max else {
                    return schedule(lane, at: .now + .milliseconds(50))
                }
                guard let row else { return release(lane) }
                guard !row.isParking else { return park(lane) }
                if let dueAt = row.dueAt, dueAt > .now + Self.early { return schedule(lane, at: dueAt) }
                retryLoad.hold(row.update.payload.bytes.count, in: number)
                // What waited for that room: only from here on may others do something to this lane.
                if retries.hasDue { pump() }
                switch try await deliver(row, in: lane, as: number) {
                case .waits: return
                case .goesOn(let look): next = look
                }
                guard pace == nil else { return schedule(lane, at: nil) }
            }
            schedule(lane, at: .now + .seconds(1))
        } catch {
            parts.logger.debug(
                "a retry could not be written down", ["consumer": "\(consumer.id)", "error": "\(error)"])
            schedule(lane, at: .now + .seconds(1))
        }
    }

    private func release(_ lane: String) {
        guard !retries.isChanged(lane) else { return schedule(lane, at: nil) }
        let isExpress = retries.isExpress(lane)
        retries.remove(lane)
        tracks.releaseLane(lane, isExpress: isExpress)
    }

    private func park(_ lane: String) {
        if retries.isChanged(lane) { schedule(lane, at: nil) } else { _ = retries.wait(lane, nil) }
    }

    /// A lane's first row, and the lowest position that was on its way into the lane meanwhile.
    private typealias Look = (row: DeliveryRow?, onItsWay: Int64)

    private func head(of lane: String) async throws -> Look {
        try await look(at: lane) { try await DeliveryRow.head(of: lane, consumer, in: parts.database) }
    }

    private func look(at lane: String, _ first: () async throws -> DeliveryRow?) async throws -> Look {
        departures.startLook(at: lane)
        retries.startLook(at: lane)
        do {
            let row = try await first()
            return (row, departures.endLook(at: lane))
        } catch {
            _ = departures.endLook(at: lane)
            throw error
        }
    }

    private enum Course {
        /// At once; with a look at the next row, when it was had already.
        case goesOn(Look?)
        /// Till its time comes, or a decision.
        case waits
    }

    /// What it means for the lane.
    private func deliver(_ row: DeliveryRow, in lane: String, as number: Int) async throws -> Course {
        if row.update.isTooLate {
            try await row.update(
                .expired, attempts: row.attempts, dueAt: nil, lastError: Self.expiry,
                of: consumer, epoch: epoch, in: parts.database)
            parts.metrics.expired.increment()
            forgetPutBacks(of: row.update)
            return .goesOn(nil)
        }
        guard let attempt = await send(row.update, number: row.attempts + 1) else {
            guard !row.update.isTooLate else { return .goesOn(nil) }
            schedule(lane, at: .now + Self.pause)
            return .waits
        }
        if attempt.isSuccess { return .goesOn(try await remove(row, from: lane, as: number)) }
        guard !isNoAttempt(attempt) else {
            // Due as before, for the next holder, and for the next endpoint.
            schedule(lane, at: nil)
            return .waits
        }
        let wait = target.schedule.wait(
            after: row.attempts + 1, retryAfter: attempt.retryAfter, jitter: .random(in: 0...1))
        let dueAt = wait.map { row.update.due(after: $0) }
        let parks = wait == nil && consumer.onDead == .park
        try await row.update(
            wait == nil ? .dead : .retrying, isParking: parks, attempts: row.attempts + 1, dueAt: dueAt,
            lastError: attempt.error, of: consumer, epoch: epoch, in: parts.database)
        if let dueAt {
            schedule(lane, at: dueAt)
            return .waits
        }
        noteDead(row.update)
        guard parks else { return .goesOn(nil) }
        park(lane)
        return .waits
    }

    private func remove(_ row: DeliveryRow, from lane: String, as number: Int) async throws -> Look? {
        let readsOn = pace == nil && !isStopped
        guard readsOn, retryLoad.mayRead(number, keeping: row.update.payload.bytes.count, in: budget) else {
            _ = try await row.remove(of: consumer, epoch: epoch, thenHeadOf: nil, in: parts.database)
            return nil
        }
        return try await look(at: lane) {
            try await row.remove(of: consumer, epoch: epoch, thenHeadOf: lane, in: parts.database)
        }
    }

    // MARK: What has expired

    /// Nothing may be sent now, so the due lanes of updates with a deadline are looked through for what is of no use
    /// any more.
    func expireDueLanes() {
        var lanes: [String] = []
        while lanes.count < Self.expiryLimit, let lane = retries.next(express: true) { lanes.append(lane) }
        guard !lanes.isEmpty else { return }
        leavingCount += 1
        // `stop` waits for it through `leavingCount`.
        Task(executorPreference: parts.loop) { await self.expire(lanes) }
    }

    private func expire(_ lanes: [String]) async {
        for lane in lanes {
            departures.startLook(at: lane)
            retries.startLook(at: lane)
        }
        let found = try? await DeliveryRow.expire(
            lanes, of: consumer, epoch: epoch, error: Self.expiry, in: parts.database)
        for lane in lanes {
            let isQuiet = departures.endLook(at: lane) == .max
            if isQuiet, let found, !found.held.contains(lane) {
                release(lane)
            } else {
                schedule(lane, at: found == nil ? .now + .seconds(1) : nil)
            }
        }
        if let found { parts.metrics.expired.increment(by: found.count) }
        leavingCount -= 1
        pump()
    }
}
