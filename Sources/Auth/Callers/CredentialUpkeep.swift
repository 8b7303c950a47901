import Platform
import Tenancy

/// Keeps a node's `Credentials` current, every second and whenever something is announced on `Revocation.channel`:
/// revocations, signing keys (which it makes, too, when they are due) and the database's time. Now and then it writes when
/// API keys were used, and deletes revocations that nothing can be older than.
package actor CredentialUpkeep {
    static let interval = Duration.seconds(1)
    private static let shortestPause = Duration.milliseconds(20)
    private static let fullEvery = Duration.seconds(30)
    private static let usesEvery = Duration.seconds(10)
    private static let cleanEvery = Duration.seconds(60)

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private let credentials: Credentials
    private let trail: AuditTrail
    private let logger: Logger
    private var since: Timestamp?
    private var lastFull: ContinuousClock.Instant?
    private var lastUses = ContinuousClock.now
    private var lastClean: ContinuousClock.Instant?
    private let news = WakeUp()

    package init(
        loop: EventLoop, database: Database, credentials: Credentials, trail: AuditTrail, logger: Logger
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
        self.credentials = credentials
        self.trail = trail
        self.logger = logger
    }

    /// Something was announced: refresh now. From any thread.
    package nonisolated func wake() { news.wake() }

    /// Runs until the task is cancelled.
    package func run() async {
        var isFailing = false
        while !Task.isCancelled {
            do {
                try await refresh()
                try await tidy()
                isFailing = false
            } catch {
                if !isFailing, !Task.isCancelled {
                    logger.warning(
                        "revocations and signing keys could not be refreshed", ["error": "\(error)"])
                }
                isFailing = true
            }
            // A little at least, so that many announcements are one reading; cancelled, it ends the loop.
            try? await loop.sleep(for: Self.shortestPause)
            try? await news.pause(atMost: Self.interval, on: loop)
        }
    }

    /// Reads what is new and makes a signing key when one is due.
    package func refresh() async throws {
        try await read()
        guard try credentials.keys.isDue(at: credentials.clock.now) else { return }
        let (keys, trail) = (credentials.keys, trail)
        try await database.writeUpkeep { tx in
            guard let rotated = try await keys.rotate(.whenDue, in: tx) else { return }
            try await trail.record(.rotated(rotated), by: .platform, from: .platform, in: tx)
        }
        try await read()
    }

    private func read() async throws {
        let (asked, askedAt) = (ContinuousClock.now, Timestamp.now)
        let isAll = since == nil || lastFull.map { asked - $0 > Self.fullEvery } ?? true
        let (clock, since) = (credentials.clock, since)
        let (time, revoked, keys) = try await database.readUpkeep { tx in
            guard let time = try await tx.value("SELECT clock_timestamp()", as: Timestamp.self) else {
                throw PostgresError.unexpectedResult("no time")
            }
            clock.set(time, askedAt: askedAt)
            let from =
                isAll ? time - RevocationList.keptFor : (since ?? time) - Revocation.overlap
            return (time, try await Revocation.since(from, in: tx), try await SigningKeyRow.all(in: tx))
        }
        // Keys first: a list that is fresh says that they are, too.
        if credentials.keys.replace(with: keys) { credentials.cache.removeAll() }
        credentials.revocations.apply(revoked, isAll: isAll, askedAt: asked)
        self.since = time
        if isAll { lastFull = asked }
    }

    private func tidy() async throws {
        let now = ContinuousClock.now
        if now - lastUses > Self.usesEvery {
            lastUses = now
            try await credentials.uses.write(in: database)
        }
        if lastClean.map({ now - $0 > Self.cleanEvery }) ?? true {
            lastClean = now
            let old = credentials.clock.now - RevocationList.keptFor - .seconds(600)
            try await database.writeUpkeep { tx in try await Revocation.deleteOld(before: old, in: tx) }
        }
    }
}
