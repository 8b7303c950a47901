import Platform

/// Writes down, in groups, what deliveries have come to: an attempt row each within `interval`, and where the cursors
/// stand once a second, or with the next group where the attempt that settled something is recorded only later
/// (behind a reply). One on each event loop.
///
/// What a cursor has not got yet is known by the attempts (`ConsumerCursor.take`). So a crash repeats no more than if
/// every group moved the cursors, whose rows would then be written ten times as often: old versions of them are all
/// looked through, for as long as some transaction keeps them from being cleaned away.
///
/// No delivery waits for it; who gives a shard back or takes a cursor anew does (`writeProgress`). Its commit does not
/// wait for fsync: what a crash takes from it is delivered again. While the database is away it keeps what it holds and
/// says `isFull`, upon which consumers stop sending.
actor DeliveryJournal {
    /// Where both cursors of a consumer stand.
    struct Progress: Sendable {
        let bot: BotKey
        let epoch: Int64
        let main: WindowProgress
        let express: WindowProgress
    }

    /// One row of delivery_attempt.
    struct Attempt: Sendable {
        let tenant: ID<Tenant>
        let consumer: ID<Consumer>
        let position: Int64
        let updateID: Int64
        let number: Int32
        let statusCode: Int32?
        let milliseconds: Int32
        let error: String?
        let response: [UInt8]?
        /// What came of the call that the answer asked for.
        var reply: ReplyOutcome?
        let at: Timestamp

        init(_ attempt: DeliveryAttempt, of update: LoggedUpdate, to consumer: Consumer) {
            tenant = consumer.bot.tenant
            self.consumer = consumer.id
            position = update.position
            updateID = update.updateID
            number = Int32(clamping: attempt.number)
            statusCode = attempt.statusCode.map { Int32(clamping: $0) }
            milliseconds = Int32(clamping: attempt.duration.milliseconds)
            error = attempt.error
            response = attempt.response
            at = attempt.at
        }
    }

    /// That a consumer has come further than its stored cursors say.
    private struct Further {
        let newest: @Sendable () -> Progress
        /// Goes with the next group: no attempt in it or before says so.
        var isUrgent: Bool
    }

    private static let interval = Duration.milliseconds(100)
    private static let batchLimit = 1000
    private static let cursorLimit = 1000
    private static let capacity = 10_000

    nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private let logger: Logger
    private let cursorInterval: Duration
    private var attempts: [Attempt] = []
    private var progress: [ID<Consumer>: Further] = [:]
    /// Whose cursors go with the next groups, as many with each as a statement bears.
    private var due: [ID<Consumer>] = []
    private var cursorsWrittenAt: ContinuousClock.Instant?
    private var isScheduled = false
    private var isFailing = false
    private var isAway = false
    private var isFlushing = false
    private var whenFlushed: [CheckedContinuation<Void, Never>] = []

    init(loop: EventLoop, database: Database, logger: Logger, cursorInterval: Duration = .seconds(1)) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
        self.logger = logger
        self.cursorInterval = cursorInterval
    }

    /// Upon which nothing more is sent: too much is not written down, or the database is away. A node that died then
    /// would leave nobody who knew of what it has sent.
    var isFull: Bool { backlog >= Self.capacity || isAway }
    /// Attempts not written down yet.
    var backlog: Int { attempts.count }

    func record(_ attempt: DeliveryAttempt, of update: LoggedUpdate, to consumer: Consumer) {
        record(Attempt(attempt, of: update, to: consumer))
    }

    func record(_ attempt: Attempt) {
        attempts.append(attempt)
        schedule()
    }

    /// A consumer has come further. How far is asked when it is written, not at each update: behind one that
    /// hangs, thousands of positions may be settled.
    /// - Parameters:
    ///   - newest: evaluated then, on the loop.
    ///   - isUrgent: when the attempt that settled something is recorded only later.
    func record(
        _ newest: @autoclosure @escaping @Sendable () -> Progress, of consumer: ID<Consumer>,
        isUrgent: Bool = false
    ) {
        let wasUrgent = progress[consumer]?.isUrgent ?? false
        progress[consumer] = Further(newest: newest, isUrgent: isUrgent || wasUrgent)
        schedule()
    }

    private func schedule() {
        guard !isScheduled else { return }
        isScheduled = true
        loop.schedule(after: isFailing ? .seconds(1) : Self.interval) { [self] in
            // Ends with the flush; `drain` waits for what is left at shutdown.
            Task(executorPreference: loop) { await self.timeIsOver() }
        }
    }

    private func timeIsOver() async {
        isScheduled = false
        await flushInTurn(.due)
    }

    enum Fault: Error { case notWritten }

    /// Writes what is held of a consumer's progress. Has to come before somebody takes its cursor over: under a
    /// newer epoch it would not count any more, and what it settles would be delivered again.
    func writeProgress(of consumer: ID<Consumer>) async throws {
        await untilFlushed()
        guard progress[consumer] != nil else { return }
        await flushInTurn(.of(consumer))
        guard progress[consumer] == nil else { throw Fault.notWritten }
    }

    /// Writes all there is; for shutdown and before a consumer is given up.
    func drain() async {
        repeat { await flushInTurn(.all) } while !attempts.isEmpty && !isFailing
    }

    /// The cursors that go with a group, besides the urgent ones.
    private enum Cursors {
        case due, all
        case of(ID<Consumer>)
    }

    private func untilFlushed() async {
        while isFlushing {
            await withCheckedContinuation { continuation in
                if isFlushing { whenFlushed.append(continuation) } else { continuation.resume() }
            }
        }
    }

    /// One flush at a time: of two, the older cursors could be the last to commit.
    private func flushInTurn(_ cursors: Cursors) async {
        await untilFlushed()
        isFlushing = true
        await flush(take(cursors))
        isFlushing = false
        let waiting = whenFlushed
        whenFlushed = []
        for continuation in waiting { continuation.resume() }
    }

    private func take(_ which: Cursors) -> [ID<Consumer>: Further] {
        var taken = progress.filter(\.value.isUrgent)
        switch which {
        case .of(let consumer):
            taken[consumer] = progress[consumer]
        case .all:
            taken = progress
            cursorsWrittenAt = .now
        case .due:
            if due.isEmpty, cursorsWrittenAt.map({ .now - $0 >= cursorInterval }) ?? true {
                due = Array(progress.keys)
                cursorsWrittenAt = .now
            }
            for consumer in due.suffix(Self.cursorLimit) { taken[consumer] = progress[consumer] }
            due.removeLast(min(due.count, Self.cursorLimit))
        }
        for consumer in taken.keys { progress.removeValue(forKey: consumer) }
        return taken
    }

    private func flush(_ cursors: [ID<Consumer>: Further]) async {
        let batch = Array(attempts.prefix(Self.batchLimit))
        attempts.removeFirst(batch.count)
        defer { if !attempts.isEmpty || !progress.isEmpty { schedule() } }
        guard !batch.isEmpty || !cursors.isEmpty else { return }
        let newest = cursors.mapValues { $0.newest() }
        do {
            try await database.system.withConnection { connection in
                _ = try await connection.pipeline(Self.statements(batch, newest))
            }
            isFailing = false
            isAway = false
        } catch {
            if !isFailing { logger.warning("delivery results could not be written", ["error": "\(error)"]) }
            isFailing = true
            isAway = (error as? PostgresError).map { [.unavailable, .connectionLost].contains($0) } ?? false
            attempts.insert(contentsOf: batch, at: 0)
            progress.merge(cursors) { newer, older in
                Further(newest: newer.newest, isUrgent: newer.isUrgent || older.isUrgent)
            }
        }
    }

    private static func statements(_ batch: [Attempt], _ cursors: [ID<Consumer>: Progress]) -> [SQL] {
        var statements: [SQL] = ["SELECT set_config('synchronous_commit', 'off', true)"]
        if !batch.isEmpty { statements.append(insert(batch)) }
        if !cursors.isEmpty { statements.append(ConsumerCursor.move(cursors)) }
        return statements
    }

    private static func insert(_ batch: [Attempt]) -> SQL {
        """
        INSERT INTO delivery_attempt (tenant_id, consumer_id, day, position, update_id, attempt, status_code,
            duration_ms, error, response, at, reply_method, reply_ok, reply_result)
        SELECT tenant_id, consumer_id, (statement_timestamp() AT TIME ZONE 'UTC')::date, position, update_id,
            attempt, status_code, duration_ms, error, response, at, reply_method, reply_ok, reply_result
        FROM unnest(\(batch.map(\.tenant)), \(batch.map(\.consumer)), \(batch.map(\.position)),
            \(batch.map(\.updateID)), \(batch.map(\.number)), \(batch.map(\.statusCode)),
            \(batch.map(\.milliseconds)), \(batch.map(\.error)), \(batch.map(\.response)), \(batch.map(\.at)),
            \(batch.map(\.reply?.method)), \(batch.map(\.reply?.isOK)), \(batch.map(\.reply?.result)))
            AS a (tenant_id, consumer_id, position, update_id, attempt, status_code, duration_ms, error, response,
                at, reply_method, reply_ok, reply_result)
        """
    }
}
