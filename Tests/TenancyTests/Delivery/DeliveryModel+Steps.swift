import Platform
import TestSupport

@testable import Tenancy

/// What can happen to the node that holds the consumer.
extension DeliveryModel {
    mutating func write() {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let position = (log.last?.position ?? 0) + Int64.random(in: 1...3, using: &random)
            let lane = Int.random(in: 0..<4, using: &random)
            let deadline = clock + Int.random(in: 0...400, using: &random)
            log.append(
                random.chance(30)
                    ? LoggedUpdate(
                        position: position, lane: "express\(lane)",
                        deadline: Timestamp(microsecondsSince1970: Int64(deadline) * 1000))
                    : LoggedUpdate(position: position, lane: "lane\(lane)"))
        }
        node.tracks.wake()
    }

    /// The page is of the moment at which it was asked for; what was written since has woken the node.
    mutating func read() {
        if let (reading, page, hasMore) = node.reading {
            node.reading = nil
            guard !random.chance(5) else { return node.tracks.failed(reading) }
            let left = node.tracks.take(page, mayHaveMore: hasMore, of: reading, isWanted: isWanted)
            leave(left.map { Row(update: $0, lane: $0.lane) })
        } else if let reading = node.tracks.startReading(
            isAhead: node.breaker.isClosed, limit: Int.random(in: 1...6, using: &random),
            readsExpress: random.chance(80))
        {
            let found = log.filter { $0.position > reading.after && (!reading.isExpress || $0.isExpress) }
            let page = Array(found.prefix(reading.limit))
            node.reading = (reading, page, page.count == reading.limit)
        }
    }

    private var mayStart: Bool {
        node.sending.count + node.retrying.count
            < min(Self.concurrency, node.throttle.allowance(at: instant))
    }

    mutating func sendUpdate() {
        guard node.tracks.hasReady, mayStart, node.breaker.admits(at: instant) else { return }
        guard let update = node.tracks.next() else { return node.breaker.abandonProbe(at: instant) }
        if let deadline = update.deadline, deadline < timestamp {
            node.breaker.abandonProbe(at: instant)
            return leave(
                node.tracks.failed(update, holdsLane: false).map {
                    Row(update: $0, lane: $0.lane, status: .expired)
                })
        }
        check(
            !rows.values.contains { $0.lane == update.lane && $0.isHeld } || outsideChange,
            "\(update.position) overtakes the rows of its lane")
        arrive(update)
        node.sending.append((update, !node.breaker.isClosed))
    }

    /// A change from outside that the node has not taken over yet.
    private var outsideChange: Bool { hasOutsideChange || node.look != nil }

    mutating func endUpdate() {
        guard !node.sending.isEmpty else { return }
        let (update, isProbe) = node.sending.remove(
            at: Int.random(in: 0..<node.sending.count, using: &random))
        let isHeld = node.tracks.isHeld(update.lane, isExpress: update.isExpress)
        if !isPoison(update), isHealthy || random.chance(60) {
            node.breaker.succeeded()
            node.throttle.succeeded(at: instant, limit: Self.concurrency)
            delivered.insert(update.position)
            node.tracks.succeeded(update)
        } else if random.chance(5) {
            // The client had no place for it.
            if isProbe { node.breaker.abandonProbe(at: instant) }
            putBack(update)
        } else {
            fail()
            let count = node.putBacks[update.position, default: 0]
            if node.breaker.isClosed || (isProbe && count >= PushConsumer.putBackLimit) {
                moveToRetry(update)
            } else {
                node.putBacks[update.position] = count + 1
                putBack(update)
            }
        }
        if isHeld { reschedule(update.lane, update.isExpress, at: clock) }
    }

    private mutating func fail() {
        node.breaker.failed(at: instant, retryAfter: nil, jitter: 0.5)
        if random.chance(30) { node.throttle.throttled(at: instant, limit: 8, retryAfter: nil, jitter: 0.5) }
    }

    private mutating func putBack(_ update: LoggedUpdate) {
        leave(node.tracks.released(update).map { Row(update: $0, lane: $0.lane) })
    }

    private mutating func moveToRetry(_ update: LoggedUpdate) {
        let wait = Self.schedule.wait(after: 1, retryAfter: nil, jitter: 0.5).map {
            clock + $0.inMilliseconds
        }
        let isDead = wait == nil || random.chance(20)
        let holdsLane = !isDead || onDead == .park
        let left = node.tracks.failed(update, holdsLane: holdsLane)
        check(left.first == update, "\(update.position) did not leave")
        var made = left.map { Row(update: $0, lane: $0.lane) }
        made[0].status = isDead ? .dead : .retrying
        made[0].isParking = isDead && holdsLane
        made[0].attempts = 1
        made[0].dueAt = wait ?? 0
        leave(made)
    }

    private mutating func leave(_ made: [Row]) {
        guard !made.isEmpty else { return }
        for row in made {
            node.departures.begin(row.lane, row.update.position)
            if row.status != .retrying { givenUp.insert(row.update.position) }
        }
        node.leaving.append(made)
    }

    /// The oldest commit of delivery rows is through: rows and progress at once.
    mutating func commit() {
        guard let made = node.leaving.first else { return }
        node.leaving.removeFirst()
        store(node, settling: Set(made.map(\.update.position)))
        for row in made where rows[row.update.position] == nil {
            let position = row.update.position
            if delivered.contains(position) {
                check(mayComeAgain.contains(position), "\(position) was delivered and became a row")
                delivered.remove(position)
                mayComeAgain.remove(position)
            }
            rows[position] = row
        }
        node.tracks.left(made.map(\.update))
        for row in made {
            node.departures.end(row.lane, row.update.position)
            guard row.attempts > 0, row.isHeld else { continue }
            if row.isParking {
                node.retries.add(row.lane, isExpress: row.update.isExpress)
            } else {
                reschedule(row.lane, row.update.isExpress, at: row.dueAt)
            }
        }
    }

    // MARK: Rows

    mutating func schedule(_ lane: String, at dueAt: Int) {
        node.timers[lane] = node.retries.isChanged(lane) ? clock : dueAt
        _ = node.retries.wait(lane, nil)
    }

    mutating func reschedule(_ lane: String, _ isExpress: Bool, at dueAt: Int) {
        node.retries.add(lane, isExpress: isExpress)
        if node.retries.mayWait(lane) { schedule(lane, at: dueAt) }
    }

    private mutating func runTimers() {
        for (lane, dueAt) in node.timers.sorted(by: { $0.key < $1.key }) where dueAt <= clock {
            node.timers.removeValue(forKey: lane)
            node.retries.becomeDue(lane)
        }
    }

    private func head(of lane: String) -> Row? {
        rows.values.filter { $0.lane == lane && $0.isHeld }.min { $0.update.position < $1.update.position }
    }

    mutating func sendRetry() {
        runTimers()
        let isExpress = node.retries.hasDue(express: true)
        guard isExpress || node.retries.hasDue(express: false), mayStart,
            node.breaker.isClosed || !node.tracks.hasReady, node.breaker.admits(at: instant),
            let lane = node.retries.next(express: isExpress)
        else { return }
        goOn(lane, isProbe: !node.breaker.isClosed)
    }

    /// Looks at the lane's first row, and does what it says.
    private mutating func goOn(_ lane: String, isProbe: Bool) {
        node.departures.startLook(at: lane)
        node.retries.startLook(at: lane)
        let row = head(of: lane)
        let onItsWay = node.departures.endLook(at: lane)
        guard onItsWay == .max || onItsWay >= row?.update.position ?? .max else {
            if isProbe { node.breaker.abandonProbe(at: instant) }
            return schedule(lane, at: clock + 50)
        }
        if let row, !row.isParking, row.dueAt <= clock {
            if let deadline = row.update.deadline, deadline < timestamp {
                rows[row.update.position]?.status = .expired
                givenUp.insert(row.update.position)
                return goOn(lane, isProbe: isProbe)
            }
            arrive(row.update)
            return node.retrying.append((lane, row, isProbe))
        }
        if isProbe { node.breaker.abandonProbe(at: instant) }
        if let row {
            if row.isParking { park(lane) } else { schedule(lane, at: row.dueAt) }
        } else {
            release(lane)
        }
    }

    private mutating func park(_ lane: String) {
        if node.retries.isChanged(lane) {
            schedule(lane, at: clock)
        } else {
            _ = node.retries.wait(lane, nil)
        }
    }

    private mutating func release(_ lane: String) {
        guard !node.retries.isChanged(lane) else { return schedule(lane, at: clock) }
        let isExpress = node.retries.isExpress(lane)
        node.retries.remove(lane)
        node.tracks.releaseLane(lane, isExpress: isExpress)
    }

    mutating func endRetry() {
        guard !node.retrying.isEmpty else { return }
        let (lane, row, isProbe) = node.retrying.remove(
            at: Int.random(in: 0..<node.retrying.count, using: &random))
        let position = row.update.position
        if !isPoison(row.update), isHealthy || random.chance(60) {
            node.breaker.succeeded()
            node.throttle.succeeded(at: instant, limit: Self.concurrency)
            delivered.insert(position)
            rows.removeValue(forKey: position)
            return goOn(lane, isProbe: false)
        }
        fail()
        if isProbe { node.breaker.abandonProbe(at: instant) }
        let wait = Self.schedule.wait(after: row.attempts + 1, retryAfter: nil, jitter: 0.5)
        rows[position]?.attempts = row.attempts + 1
        if let wait {
            rows[position]?.dueAt = clock + wait.inMilliseconds
            return schedule(lane, at: clock + wait.inMilliseconds)
        }
        givenUp.insert(position)
        rows[position]?.status = .dead
        let parks = onDead == .park
        rows[position]?.isParking = parks
        if parks { park(lane) } else { schedule(lane, at: clock) }
    }

    mutating func expire() {
        leave(
            node.tracks.expire(at: timestamp).map { Row(update: $0, lane: $0.lane, status: .expired) })
        runTimers()
        guard !node.breaker.isClosed else { return }
        while let lane = node.retries.next(express: true) {
            node.departures.startLook(at: lane)
            node.retries.startLook(at: lane)
            for (position, row) in rows where row.lane == lane && row.status == .retrying {
                guard let deadline = row.update.deadline, deadline < timestamp else { continue }
                rows[position]?.status = .expired
                givenUp.insert(position)
            }
            let isQuiet = node.departures.endLook(at: lane) == .max
            if isQuiet, head(of: lane) == nil { release(lane) } else { schedule(lane, at: clock) }
            if random.chance(50) { break }
        }
    }
}

extension Duration {
    fileprivate var inMilliseconds: Int { Int(milliseconds) }
}

extension LoggedUpdate {
    fileprivate init(position: Int64, lane: String, deadline: Timestamp) {
        self.init(
            position: position, updateID: position, kind: "callback_query", lane: lane, chatID: nil,
            deadline: deadline, receivedAt: Timestamp(microsecondsSince1970: 0),
            payload: JSONBytes(Array("{}".utf8)))
    }
}
