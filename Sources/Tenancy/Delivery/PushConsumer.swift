import Platform

/// Delivers one bot's updates to one push consumer, on the loop that owns the bot.
///
/// Everything it knows can be read again from the database: the two windows from the log after their cursors, the
/// lanes in retry from the delivery rows. It works in steps that each end in `pump`, which takes in what there is
/// room for and sends what may go; nothing waits on a timer but retries, an open breaker and a throttled endpoint.
///
/// What may be sent goes in this order: retries of updates with a deadline, new updates with a deadline, retries,
/// new updates. All count against one limit of what may be under way, retries for no more than half of it.
actor PushConsumer {
    static let readLimit = 250
    static let pause = Duration.seconds(1)
    /// After a 410: until then the consumer is paused, or its endpoint another.
    static let pauseWhenGone = Duration.seconds(10)
    static let expiry = "its time was over before it could be sent"
    /// An update that was put back so often and fails as the probe again fails for itself: it goes on from a row, and
    /// leaves the next probe to others.
    static let putBackLimit = 2

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
    var tracks: DeliveryTracks { didSet { hold() } }
    var breaker = Breaker()
    var throttle = Throttle()
    var pace: ReplayPace?
    var retries = RetryLanes()
    /// Whether all lanes with delivery rows are known. Until then nothing new is taken in nor sent.
    var knowsAllLanes: Bool
    /// Lanes taken over at the start, whose timers are not set yet.
    var unscheduled: [DeliveryRow.HeldLane]
    var isAdopting = false
    /// The lanes have changed again while they were looked at.
    var hasChangedLanes = false
    /// Failures of an update that it was put back after (the breaker was open), by position: they count in the
    /// number of the attempt, not in the schedule.
    var putBacks: [Int64: Int] = [:]
    /// Updates and retries on their way.
    var underWay = 0
    var retryLoad = RetryLoad() { didSet { hold() } }
    /// Updates whose delivery rows are being committed.
    var leavingCount = 0
    var departures = LaneDepartures()
    /// Delivery rows to be committed, one commit after the other: a lane's rows must appear in order.
    var toLeave: [Departure] = []
    var isCommitting = false
    private(set) var isStopped = false
    var isReading = false
    /// Express updates are not read on their own before.
    var nextExpressRead = ContinuousClock.now
    var expressTimer: TimerQueue.Token?
    /// Bytes that a read under way may bring.
    var expectedBytes = 0 { didSet { hold() } }
    let budget: WindowBudget.Share
    /// What of the loop's budget is this consumer's.
    private var heldBytes = 0
    /// Nothing is sent before, for want of a place in the client.
    var pausedUntil = ContinuousClock.now
    var nextExpiry = ContinuousClock.now
    var gateTimer: TimerQueue.Token?
    private var whenIdle: [CheckedContinuation<Void, Never>] = []
    private(set) var lastActive = ContinuousClock.now

    /// - Parameters:
    ///   - lanes: those with delivery rows.
    ///   - knowsAllLanes: false when these are not all; the others are looked for when there is room for them.
    init(
        target: PushTarget, epoch: Int64, cursor: ConsumerCursor, lanes: [DeliveryRow.HeldLane],
        knowsAllLanes: Bool = true, parts: Parts
    ) {
        unownedExecutor = parts.loop.asUnownedSerialExecutor()
        self.parts = parts
        self.epoch = epoch
        self.target = target
        budget = parts.budget.share(of: target.consumer.bot.tenant)
        tracks = DeliveryTracks(
            cursor: cursor.position, settled: cursor.settled, expressCursor: cursor.expressPosition,
            expressSettled: cursor.expressSettled,
            held: Set(lanes.lazy.filter { !$0.isExpress }.map(\.name)),
            expressHeld: Set(lanes.lazy.filter(\.isExpress).map(\.name)),
            keepsLanes: target.consumer.ordering == .lane)
        for lane in lanes { retries.add(lane.name, isExpress: lane.isExpress) }
        unscheduled = lanes
        self.knowsAllLanes = knowsAllLanes
        pace = target.replay.map { ReplayPace(perSecond: $0.perSecond, now: .now) }
    }

    var consumer: Consumer { target.consumer }

    /// Nothing to do now, and nothing that would come by itself.
    var isIdle: Bool {
        tracks.isDone && !isReading && underWay == 0 && leavingCount == 0 && retries.isEmpty && !isAdopting
    }

    /// Whether this node still holds the bot's shard, under the lease that this was started with.
    var isOwner: Bool { parts.leases.epoch(of: consumer.bot.shard) == epoch }

    // MARK: From outside

    /// There may be news in the log.
    func wake() {
        tracks.wake()
        pump()
    }

    /// Takes over changed settings. What is under way ends under the old ones.
    /// - Returns: false when it takes a new start: for another order.
    func takeOver(_ newTarget: PushTarget) -> Bool {
        guard !isStopped, newTarget.consumer.ordering == consumer.ordering else { return false }
        let hasOtherLanes = newTarget.consumer.lanesChangedAt != consumer.lanesChangedAt
        if newTarget.url != target.url { forgetEndpoint() }
        target = newTarget
        if hasOtherLanes { adoptLanes() }
        pump()
        return true
    }

    /// What the old endpoint could not take says nothing of the new one.
    private func forgetEndpoint() {
        breaker = Breaker()
        throttle = Throttle()
        gateTimer.map(parts.loop.cancel)
        gateTimer = nil
        pausedUntil = .now
        parts.outcomes.assumeIsolated { [id = consumer.id] in $0.forgetEndpoint(of: id) }
    }

    /// Starts nothing more, waits for what is under way, and leaves the cursor in the journal.
    func stop() async {
        isStopped = true
        gateTimer.map(parts.loop.cancel)
        expressTimer.map(parts.loop.cancel)
        retries.cancelTimers(on: parts.loop)
        await withCheckedContinuation { continuation in
            whenIdle.append(continuation)
            endIfIdle()
        }
        await parts.outcomes.forgetEndpoint(of: consumer.id)
    }

    // MARK: Steps

    func pump() {
        let now = ContinuousClock.now
        lastActive = now
        guard !isStopped, isOwner else { return endIfIdle() }
        dropReadAhead()
        expireWaiting(now)
        startReading()
        adoptChangedLanes()
        scheduleLanes()
        send(now)
        endIfIdle()
    }

    func endIfIdle() {
        guard isStopped, underWay == 0, !isReading, leavingCount == 0, !isAdopting else { return }
        hold(0)
        for continuation in whenIdle { continuation.resume() }
        whenIdle = []
    }

    private func hold() { hold(tracks.size + expectedBytes + retryLoad.bytes) }

    private func hold(_ bytes: Int) {
        budget.exchange(heldBytes, for: bytes)
        heldBytes = bytes
    }

    // MARK: Sending

    func deliver(_ update: LoggedUpdate, isProbe: Bool) async {
        let attempt = await send(update, number: 1)
        let lane = tracks.laneName(of: update)
        let isHeld = tracks.isHeld(lane, isExpress: update.isExpress)
        if let attempt {
            settle(update, attempt, isProbe: isProbe)
        } else {
            if isProbe { breaker.abandonProbe(at: .now) }
            putBack(update)
        }
        // Rows that came into being meanwhile have waited for this one.
        if isHeld { reschedule(lane, isExpress: update.isExpress, at: nil) }
        underWay -= 1
        pump()
    }

    private func settle(_ update: LoggedUpdate, _ attempt: DeliveryAttempt, isProbe: Bool) {
        if attempt.isSuccess {
            tracks.succeeded(update)
            // With a reply the attempt is written down when that is carried out.
            recordProgress(isUrgent: attempt.reply != nil)
        } else if breaker.isClosed || (isProbe && isPutBackOften(update)), !isNoAttempt(attempt) {
            moveToRetry(update, attempt)
        } else {
            putBacks[update.position, default: 0] += 1
            putBack(update)
        }
    }

    /// The end of the program, or of what it holds, is not the endpoint's failure; and one that wants nothing more says
    /// nothing of this update, which waits until the consumer is resumed.
    func isNoAttempt(_ attempt: DeliveryAttempt) -> Bool {
        attempt.isGone || (isStopped && attempt.statusCode == nil)
    }

    private func putBack(_ update: LoggedUpdate) {
        let leaving = tracks.released(update)
        if !leaving.isEmpty { leave(rows(for: leaving)) }
    }

    private func isPutBackOften(_ update: LoggedUpdate) -> Bool {
        putBacks[update.position, default: 0] >= Self.putBackLimit
    }

    func forgetPutBacks(of update: LoggedUpdate) {
        if !putBacks.isEmpty { putBacks.removeValue(forKey: update.position) }
    }

    func recordProgress(isUrgent: Bool = false) {
        parts.journal.assumeIsolated { [id = consumer.id] journal in
            journal.record(self.assumeIsolated { $0.progress(settling: []) }, of: id, isUrgent: isUrgent)
        }
    }

    func progress(settling positions: Set<Int64>) -> DeliveryJournal.Progress {
        let (main, express) = tracks.progress(settling: positions)
        return DeliveryJournal.Progress(bot: consumer.bot, epoch: epoch, main: main, express: express)
    }
}
