import Platform

/// Delivers one bot's updates to one push consumer, on the loop that owns the bot.
///
/// Everything it knows can be read again from the database: the window from the log after the cursor, the lanes
/// in retry from the delivery rows. It works in steps that each end in `pump`, which takes in what there is room
/// for and sends what may go; nothing waits on a timer but retries and an open breaker.
actor PushConsumer {
    static let readLimit = 250
    static let pause = Duration.seconds(1)
    static let expiry = "its time was over before it could be sent"

    struct Parts: Sendable {
        let loop: EventLoop
        let database: Database
        let reader: LogReader
        let budget: WindowBudget
        let journal: DeliveryJournal
        let outcomes: DeliveryOutcomes
        let sender: DeliverySender
        let leases: ShardLeases
        let metrics: DeliveryMetrics
        let traffic: BotTraffic?
        let logger: Logger
    }

    nonisolated let unownedExecutor: UnownedSerialExecutor
    let parts: Parts
    let epoch: Int64
    var target: PushTarget
    var window: DeliveryWindow { didSet { hold() } }
    var breaker = Breaker()
    var retries: RetryLanes
    /// Updates and retries on their way.
    private(set) var underWay = 0
    /// Updates whose delivery rows are being committed.
    var leavingCount = 0
    var departures = LaneDepartures()
    /// Delivery rows to be committed, one commit after the other: a lane's rows must appear in order.
    var toLeave: [Departure] = []
    var isCommitting = false
    private(set) var isStopped = false
    var mayHaveMore = true
    var isReading = false
    /// Bytes that a read under way may bring.
    var expectedBytes = 0 { didSet { hold() } }
    /// What of the loop's budget is this consumer's.
    private var heldBytes = 0
    /// Nothing is sent before, for want of a place in the client.
    private var pausedUntil = ContinuousClock.now
    private var breakerTimer: TimerQueue.Token?
    private var whenIdle: [CheckedContinuation<Void, Never>] = []
    private(set) var lastActive = ContinuousClock.now

    init(
        target: PushTarget, epoch: Int64, cursor: ConsumerCursor, lanes: [DeliveryRow.HeldLane], parts: Parts
    ) {
        unownedExecutor = parts.loop.asUnownedSerialExecutor()
        self.parts = parts
        self.epoch = epoch
        self.target = target
        window = DeliveryWindow(
            cursor: cursor.position, settled: cursor.settled, heldLanes: Set(lanes.map(\.name)),
            keepsLanes: target.consumer.ordering == .lane)
        retries = RetryLanes(lanes)
    }

    var consumer: Consumer { target.consumer }

    /// Nothing to do now, and nothing that would come by itself.
    var isIdle: Bool {
        window.isEmpty && !mayHaveMore && !isReading && underWay == 0 && leavingCount == 0 && retries.isEmpty
    }

    /// Whether this node still holds the bot's shard, under the lease that this was started with.
    var isOwner: Bool { parts.leases.epoch(of: consumer.bot.shard) == epoch }

    // MARK: From outside

    /// There may be news in the log.
    func wake() {
        mayHaveMore = true
        pump()
    }

    /// Takes over changed settings. What is under way ends under the old ones.
    /// - Returns: false when it takes a new start: for another order, another end of dead letters.
    func takeOver(_ newTarget: PushTarget) -> Bool {
        guard !isStopped, newTarget.consumer.ordering == consumer.ordering,
            newTarget.consumer.onDead == consumer.onDead
        else { return false }
        target = newTarget
        pump()
        return true
    }

    /// Starts nothing more, waits for what is under way, and leaves the cursor in the journal.
    func stop() async {
        isStopped = true
        breakerTimer.map(parts.loop.cancel)
        retries.cancelTimers(on: parts.loop)
        await withCheckedContinuation { continuation in
            whenIdle.append(continuation)
            endIfIdle()
        }
    }

    // MARK: Steps

    func pump() {
        lastActive = .now
        guard !isStopped, isOwner else { return endIfIdle() }
        dropReadAhead()
        startReading()
        sendRetries()
        sendUpdates()
        endIfIdle()
    }

    func endIfIdle() {
        guard isStopped, underWay == 0, !isReading, leavingCount == 0 else { return }
        hold(0)
        for continuation in whenIdle { continuation.resume() }
        whenIdle = []
    }

    private func hold() { hold(window.size + expectedBytes) }

    private func hold(_ bytes: Int) {
        parts.budget.exchange(heldBytes, for: bytes)
        heldBytes = bytes
    }

    private func sendUpdates() {
        while window.hasReady, underWay < consumer.concurrency, !isJournalFull, !isPaused {
            guard breaker.admits(at: .now) else { return awaitBreaker() }
            guard let update = window.next() else { return breaker.abandonProbe(at: .now) }
            if let deadline = update.deadline, deadline < .now {
                breaker.abandonProbe(at: .now)
                parts.metrics.expired.increment()
                expire(update)
                continue
            }
            underWay += 1
            let isProbe = !breaker.isClosed
            // `stop` waits for it through `underWay`.
            Task(executorPreference: parts.loop) { await self.deliver(update, isProbe: isProbe) }
        }
    }

    private func expire(_ update: LoggedUpdate) {
        var rows = rows(for: window.failed(update.position, holdsLane: false))
        rows[0].status = .expired
        rows[0].lastError = Self.expiry
        leave(rows)
    }

    func awaitBreaker() {
        guard breakerTimer == nil, let opensAt = breaker.opensAt else { return }
        breakerTimer = parts.loop.schedule(at: opensAt) {
            self.assumeIsolated {
                $0.breakerTimer = nil
                $0.pump()
            }
        }
    }

    private func deliver(_ update: LoggedUpdate, isProbe: Bool) async {
        if let attempt = await send(update, number: 1) {
            settle(update, attempt)
        } else {
            if isProbe { breaker.abandonProbe(at: .now) }
            window.released(update.position)
        }
        underWay -= 1
        pump()
    }

    /// Sends and writes the attempt down.
    /// - Returns: nil when it was not sent, which is not the endpoint's failure: it pauses a while instead.
    func send(_ update: LoggedUpdate, number: Int) async -> DeliveryAttempt? {
        guard let attempt = await parts.sender.send(update, to: target, attempt: number) else {
            pause()
            return nil
        }
        observe(attempt, of: update)
        await parts.outcomes.take(attempt, of: update, to: target)
        if attempt.isSuccess {
            breaker.succeeded()
        } else {
            breaker.failed(at: .now, retryAfter: attempt.retryAfter, jitter: .random(in: 0...1))
        }
        return attempt
    }

    private func observe(_ attempt: DeliveryAttempt, of update: LoggedUpdate) {
        let age = max(.zero, Timestamp.now - update.receivedAt)
        parts.metrics.observe(attempt, age: age)
        if attempt.isSuccess {
            parts.traffic?.delivered(bot: consumer.bot, time: age)
        } else {
            parts.traffic?.deliveryFailed(bot: consumer.bot)
        }
    }

    private var isPaused: Bool { .now < pausedUntil }

    private func pause() {
        guard !isPaused else { return }
        pausedUntil = .now + Self.pause
        parts.loop.schedule(at: pausedUntil) { self.assumeIsolated { $0.pump() } }
    }

    private func settle(_ update: LoggedUpdate, _ attempt: DeliveryAttempt) {
        if attempt.isSuccess {
            window.succeeded(update.position)
            recordProgress()
        } else if breaker.isClosed, !wasCutOff(attempt) {
            moveToRetry(update, attempt)
        } else {
            window.released(update.position)
        }
    }

    /// The end of the program is not the endpoint's failure.
    private func wasCutOff(_ attempt: DeliveryAttempt) -> Bool { isStopped && attempt.statusCode == nil }

    func recordProgress() {
        parts.journal.assumeIsolated { [id = consumer.id] journal in
            journal.record(self.assumeIsolated { $0.progress(settling: []) }, of: id)
        }
    }

    func progress(settling positions: Set<Int64>) -> DeliveryJournal.Progress {
        let (cursor, settled) = window.progress(settling: positions)
        return DeliveryJournal.Progress(bot: consumer.bot, epoch: epoch, cursor: cursor, settled: settled)
    }

    // MARK: Retries on their way, counted with the rest

    /// Half of what may be under way is open to retries, so that they cannot keep new updates back.
    var hasRoomForRetry: Bool {
        underWay < max(1, consumer.concurrency / 2) && !isJournalFull && !isPaused
    }

    private var isJournalFull: Bool { parts.journal.assumeIsolated { $0.isFull } }

    func beginRetry() { underWay += 1 }

    func endRetry() {
        underWay -= 1
        pump()
    }
}
