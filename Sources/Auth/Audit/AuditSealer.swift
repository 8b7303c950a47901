import Platform
import Tenancy

/// Puts new events under seals: every two seconds, on one node at a time.
///
/// An event is visible only when its transaction commits, later than its `created_at`. So each pass looks back over
/// the longest that a transaction may take, for events that no seal holds; from time to time, and at the start, over
/// an hour, which allows for nodes whose clocks are wrong. It looks back from the newest sealed event, or from now
/// when that is earlier, so that a time in which nobody sealed is made up for.
///
/// A row that the program did not sign is not sealed but reported: somebody else has written to the table.
package actor AuditSealer {
    static let interval = Duration.seconds(2)
    static let lookBack = Duration.seconds(300)
    static let longLookBack = Duration.seconds(3600)
    private static let longEvery = Duration.seconds(300)
    /// Forged rows remembered, so that each is reported once.
    private static let remembered = 1000

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private let trail: AuditTrail
    private let blocking: BlockingPool
    private let logger: Logger
    private let seals: Counter
    private let forged: Counter
    private var reported: Set<ID<AuditEvent>> = []
    private var lastLong: ContinuousClock.Instant?
    /// The newest seal that this node has seen.
    private var newest: (id: Int64, hash: [UInt8])?
    private var hasReportedCut = false

    package init(
        loop: EventLoop, database: Database, trail: AuditTrail, blocking: BlockingPool, logger: Logger,
        metrics: Metrics
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
        self.trail = trail
        self.blocking = blocking
        self.logger = logger
        seals = metrics.counter("rookery_audit_seals_total", "Seals put on the audit trail by this node.")
        forged = metrics.counter(
            "rookery_audit_forged_total",
            "Rows of the audit trail that were found not to be genuine, seals that have gone included.")
    }

    /// Runs until the task is cancelled.
    package func run() async {
        var isFailing = false
        while !Task.isCancelled {
            do {
                try await seal()
                isFailing = false
            } catch {
                if Task.isCancelled { return }
                if !isFailing { logger.warning("the audit trail cannot be sealed", ["error": "\(error)"]) }
                isFailing = true
                lastLong = nil
            }
            try? await loop.sleep(for: Self.interval)
        }
    }

    /// Seals all that is there. Does nothing while another node is at it.
    package func seal() async throws {
        let key = try await trail.key()
        let isLong = lastLong.map { .now - $0 > Self.longEvery } ?? true
        var last: AuditRecord?
        while true {
            let batch = try await database.job { tx in
                try await sealBatch(after: last, isLong: isLong, key: key, in: tx)
            }
            guard let batch else { return }
            last = batch.last
            if batch.count < AuditSeal.largest { break }
        }
        if isLong { lastLong = .now }
    }

    /// - Returns: what was looked at; nil when another node has the lock.
    private func sealBatch(
        after last: AuditRecord?, isLong: Bool, key: AuditKey, in tx: PlatformTransaction
    ) async throws -> [AuditRecord]? {
        let isMine = try await tx.value(
            "SELECT pg_try_advisory_xact_lock(hashtext('rookery.audit_seal'))", as: Bool.self)
        guard isMine == true else { return nil }
        let newest = try await AuditSeal.newest(in: tx)
        checkChain(newest)
        let events = try await unsealed(after: last, newest: newest, isLong: isLong, in: tx)
        let genuine = try await verified(events, key.publicKey)
        if !genuine.isEmpty {
            let seal = try AuditSeal(genuine, after: newest, at: .now, key: key)
            try await seal.insert(in: tx)
            seals.increment()
        }
        return events
    }

    private func unsealed(
        after last: AuditRecord?, newest: AuditSeal?, isLong: Bool, in tx: PlatformTransaction
    ) async throws -> [AuditRecord] {
        let lookBack = isLong ? Self.longLookBack : Self.lookBack
        // Before all that can be, when nothing was ever sealed.
        let since = newest.map { min($0.lastAt, .now) - lookBack } ?? .earliest
        let from = max(since, last?.createdAt ?? since)
        // Where the planner expects few events, each would be compared with all that are sealed.
        try await tx.execute("SET LOCAL enable_nestloop = off")
        return try await tx.all(
            """
            WITH sealed AS MATERIALIZED (
                SELECT unnest(event_ids) AS id FROM audit_seal WHERE last_at >= \(from))
            SELECT \(AuditRecord.columns) FROM audit_event AS event
            WHERE created_at >= \(from)
                AND (created_at, id, tenant_id) > (\(from), \(last?.id ?? .least), \(last?.tenant ?? .least))
                AND NOT EXISTS (SELECT FROM sealed WHERE sealed.id = event.id)
            ORDER BY created_at, id, tenant_id LIMIT \(Int64(AuditSeal.largest))
            """)
    }

    /// Those that the program wrote; the others are reported. Off the loop: a signature takes a tenth of a millisecond.
    private func verified(_ events: [AuditRecord], _ key: AuditPublicKey) async throws -> [AuditRecord] {
        guard !events.isEmpty else { return [] }
        let verdicts = try await blocking.run { events.map { $0.isGenuine(key) } }
        for (event, isGenuine) in zip(events, verdicts) where !isGenuine { report(event) }
        return zip(events, verdicts).filter(\.1).map(\.0)
    }

    private func report(_ event: AuditRecord) {
        guard reported.count < Self.remembered, reported.insert(event.id).inserted else { return }
        forged.increment()
        logger.error(
            "a row of the audit trail was not written by this program: run rookery audit verify",
            ["event": "\(event.id)", "created_at": "\(event.createdAt)"])
    }

    /// Seals are only added: one that was there and is gone was taken away.
    private func checkChain(_ found: AuditSeal?) {
        if let newest, !hasReportedCut {
            let isGone = (found?.id ?? 0) < newest.id
            let isChanged = found?.id == newest.id && found?.hash != newest.hash
            if isGone || isChanged {
                hasReportedCut = true
                forged.increment()
                logger.error(
                    "seals of the audit trail were taken away or changed: run rookery audit verify",
                    ["seal": newest.id])
            }
        }
        newest = found.map { ($0.id, $0.hash) }
    }
}
