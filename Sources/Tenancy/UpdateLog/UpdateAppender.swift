import Platform

/// Writes updates to the log in groups: what arrives while writes are under way goes into the next one, so one
/// commit, and one fsync, serves many requests. One on each event loop.
///
/// The queue is bounded; past the bound, and while the database is away, `append` fails at once and Telegram
/// sends the update again later.
package actor UpdateAppender {
    package enum Fault: Error {
        /// The database does not take this update's JSON, though the parser did.
        case invalidPayload
        /// Too much is waiting to be written.
        case overloaded
    }

    /// What one caller brought. Written by one commit, so that of its updates none is there without those before.
    private struct Waiting: Sendable {
        let updates: [NewUpdate]
        let bytes: Int
        /// Gets the numbers of those that the database refuses.
        let continuation: CheckedContinuation<[Int64], any Error>

        init(_ updates: [NewUpdate], _ continuation: CheckedContinuation<[Int64], any Error>) {
            self.updates = updates
            bytes = updates.reduce(0) { $0 + $1.payload.count }
            self.continuation = continuation
        }
    }

    /// So many are written at once, while the loop goes on reading requests; fewer wait for those that this pass of it
    /// brings.
    private static let earlyBatch = 48
    private static let batchLimit = 500
    private static let batchBytes = 4 << 20
    /// After an update that was there already more such are looked out for: so a batch is hardly ever written twice.
    private static let repetitionsLast = Duration.seconds(10)
    private static let queueLimit = 20_000
    private static let queueBytes = 16 << 20

    /// One batch at a time, so that what one loop takes in is logged in the order in which it came.
    private enum Stage {
        case idle
        /// To be written once this pass of the loop has run its jobs.
        case scheduled
        /// Waiting for a turn.
        case inLine
        case writing
    }

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private let turns: AppendTurns
    private let deliveries: Deliveries
    private let pulls: PullWaiters?
    private let partitions: LogPartitions?
    private let counts: AppendCounts
    private let stored: Counter
    private let repetitionCount: Counter
    private let batchSize: Histogram
    private let waiting: Gauge

    private var queue: [Waiting] = []
    private var queuedUpdates = 0
    private var queuedBytes = 0
    private var stage = Stage.idle
    private var lastRepetition: ContinuousClock.Instant?

    /// - Parameters:
    ///   - deliveries: told for which bots updates have been committed.
    ///   - pulls: told the same.
    ///   - partitions: told when there is none for today.
    ///   - traffic: told of all that is appended, and of what could not be.
    package init(
        loop: EventLoop, database: Database, turns: AppendTurns, metrics: Metrics, deliveries: Deliveries,
        pulls: PullWaiters? = nil, partitions: LogPartitions? = nil, traffic: BotTraffic? = nil
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
        self.turns = turns
        self.deliveries = deliveries
        self.pulls = pulls
        self.partitions = partitions
        counts = AppendCounts(traffic: traffic)
        stored = metrics.counter("rookery_updates_stored_total", "Updates written to the log.")
        repetitionCount = metrics.counter(
            "rookery_updates_repeated_total", "Updates that were in the log already.")
        waiting = metrics.gauge("rookery_append_waiting_updates", "Updates waiting to be written to the log.")
        batchSize = metrics.histogram(
            "rookery_append_batch_updates", "Updates written by one commit.",
            buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500])
    }

    /// Returns when the update is in the log, durably; also when it was there before.
    package nonisolated func append(_ update: NewUpdate) async throws {
        guard try await enqueue([update]).isEmpty else { throw Fault.invalidPayload }
    }

    /// The same with several, in their order: when one is not in the log, none after it is, but for those that the
    /// database refuses, which are left out. No more than one getUpdates brings.
    /// - Returns: the numbers of those left out.
    package nonisolated func append(contentsOf updates: [NewUpdate]) async throws -> [Int64] {
        updates.isEmpty ? [] : try await enqueue(updates)
    }

    /// A caller on the loop, as requests are, changes no executor: that would cost each of them two jobs.
    private nonisolated func enqueue(_ updates: [NewUpdate]) async throws -> [Int64] {
        try await withCheckedThrowingContinuation { continuation in
            let new = Waiting(updates, continuation)
            guard !loop.isCurrent else { return assumeIsolated { $0.enqueue(new) } }
            loop.execute { self.assumeIsolated { $0.enqueue(new) } }
        }
    }

    private func enqueue(_ new: Waiting) {
        guard queuedUpdates < Self.queueLimit, queuedBytes < Self.queueBytes else {
            counts.refused(new.updates, .failed)
            return new.continuation.resume(throwing: Fault.overloaded)
        }
        queue.append(new)
        queuedUpdates += new.updates.count
        queuedBytes += new.bytes
        waiting.add(new.updates.count)
        scheduleWrite()
        if queuedUpdates >= Self.earlyBatch { takeTurn() }
    }

    private func scheduleWrite() {
        guard case .idle = stage else { return }
        stage = .scheduled
        loop.afterJobs { self.assumeIsolated { $0.takeTurn() } }
    }

    private func takeTurn() {
        guard case .scheduled = stage else { return }
        stage = .inLine
        let hasTurn = turns.take {
            self.loop.execute { self.assumeIsolated { $0.startWrite() } }
        }
        if hasTurn { startWrite() }
    }

    private func startWrite() {
        stage = .writing
        // Ends with the batch, for which every caller of `append` awaits its own part of it.
        Task(executorPreference: loop) { await self.write() }
    }

    private func write() async {
        if let batch = nextBatch() { await write(batch) }
        turns.giveBack()
        stage = .idle
        if !queue.isEmpty { scheduleWrite() }
    }

    private func nextBatch() -> [Waiting]? {
        guard !queue.isEmpty else { return nil }
        var bytes = 0
        var updates = 0
        var count = 0
        while count < queue.count, updates < Self.batchLimit, count == 0 || bytes < Self.batchBytes {
            bytes += queue[count].bytes
            updates += queue[count].updates.count
            count += 1
        }
        let batch = Array(queue[..<count])
        queue.removeFirst(count)
        waiting.add(-updates)
        queuedUpdates -= updates
        queuedBytes -= bytes
        return batch
    }

    private func write(_ batch: [Waiting]) async {
        do {
            try await commit(batch.flatMap(\.updates))
            for waiting in batch { waiting.continuation.resume(returning: []) }
        } catch PostgresError.server(let error) where error.isInvalidData {
            await writeHalves(of: batch)
        } catch {
            notePartition(error)
            for waiting in batch {
                counts.refused(waiting.updates, .failed)
                waiting.continuation.resume(throwing: error)
            }
        }
    }

    private func notePartition(_ error: any Error) {
        if case PostgresError.server(let error) = error, error.isMissingPartition { partitions?.wake() }
    }

    /// One update that the database refuses must not take the others of its batch with it, nor cost each of them
    /// a commit of its own.
    private func writeHalves(of batch: [Waiting]) async {
        guard batch.count > 1 else { return await writeParts(of: batch[0]) }
        await write(Array(batch[..<(batch.count / 2)]))
        await write(Array(batch[(batch.count / 2)...]))
    }

    private func writeParts(of waiting: Waiting) async {
        do {
            waiting.continuation.resume(returning: try await refused(among: waiting.updates[...]))
        } catch {
            notePartition(error)
            counts.refused(waiting.updates, .failed)
            waiting.continuation.resume(throwing: error)
        }
    }

    /// - Parameter updates: refused together.
    /// - Returns: those refused by themselves; the others are in the log.
    private func refused(among updates: ArraySlice<NewUpdate>) async throws -> [Int64] {
        guard updates.count > 1 else {
            counts.refused(Array(updates), .invalid)
            return updates.map(\.head.updateID)
        }
        let middle = updates.startIndex + updates.count / 2
        var refused: [Int64] = []
        // What fails for another reason ends it: nothing may be stored without those before it.
        for half in [updates[..<middle], updates[middle...]] {
            do {
                try await commit(Array(half))
            } catch PostgresError.server(let error) where error.isInvalidData {
                refused += try await self.refused(among: half)
            }
        }
        return refused
    }

    private func commit(_ updates: [NewUpdate]) async throws {
        let bots = Set(updates.map(\.key))
        let foreign = deliveries.foreign(among: bots)
        let notices = Deliveries.notices(of: foreign) + (pulls?.notices(of: bots) ?? [])
        // After an error too: a connection that breaks may have committed.
        defer {
            deliveries.wake(bots)
            pulls?.wake(bots)
        }
        let (added, repeated) = try await database.append.withConnection { connection in
            let added = try await add(updates, notices, in: connection)
            return (added, await counts.repetitions(in: updates, added: added, connection))
        }
        counts.stored(updates, repeated)
        batchSize.observe(Double(updates.count))
        stored.increment(by: added)
        repetitionCount.increment(by: updates.count - added)
        await tell(deliveries.foreign(among: bots).subtracting(foreign))
    }

    /// - Returns: how many were new.
    private func add(
        _ updates: [NewUpdate], _ notices: [SQL], in connection: PostgresConnection
    ) async throws -> Int {
        if !expectsRepetitions {
            do {
                return try await connection.pipeline(UpdateLog.append(updates, mayRepeat: false) + notices)[1]
                    .affectedRows
            } catch PostgresError.server(let error) where error.isRepetition {
                lastRepetition = .now
            }
        }
        let added = try await connection.pipeline(UpdateLog.append(updates, mayRepeat: true) + notices)[1]
            .affectedRows
        if added < updates.count { lastRepetition = .now }
        return added
    }

    private var expectsRepetitions: Bool {
        lastRepetition.map { .now - $0 < Self.repetitionsLast } ?? false
    }

    /// Shards that this node has lost while it wrote: their new holder has not been told in the transaction.
    private func tell(_ lost: Set<BotKey>) async {
        guard !lost.isEmpty else { return }
        // The update is stored, and told or not: the holder's sweep may have seen it already.
        _ = try? await database.append.withConnection { try await $0.pipeline(Deliveries.notices(of: lost)) }
    }
}

extension ServerError {
    fileprivate var isRepetition: Bool { sqlState == "23505" }

    /// Class 22, data exception: the statement's values are at fault, not the database's state. A stack too deep
    /// for PostgreSQL's parser (54001) is the value's fault too.
    fileprivate var isInvalidData: Bool { sqlState.hasPrefix("22") || sqlState == "54001" }
}
