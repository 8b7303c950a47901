import Platform
import Tenancy

/// Clears away what has had its time: answers kept for idempotency, sessions, failed sign-ins (revocations go with the
/// credentials, days of the log with the log). Every hour, on one node at a time, a batch a transaction, so that
/// nothing is locked for long. What is looked at tells by its own times whether it still counts, so that nothing goes
/// wrong when this comes late.
package struct Housekeeping: Sendable {
    private static let interval = Duration.seconds(3600)
    static let batch = 1000
    /// Batches of one kind in one go: what is left over waits for the next hour.
    private static let batches = 1000

    private let loop: EventLoop
    private let database: Database
    private let logger: Logger

    package init(loop: EventLoop, database: Database, logger: Logger) {
        self.loop = loop
        self.database = database
        self.logger = logger
    }

    /// Runs until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            // Not all nodes at once, and not with all that happens at a start.
            let share = Double.random(in: 0.02...1)
            guard (try? await loop.sleep(for: Self.interval * share)) != nil else { return }
            do {
                try await clear()
            } catch {
                if Task.isCancelled { return }
                logger.warning("clearing up failed", ["error": "\(error)"])
            }
            guard (try? await loop.sleep(for: Self.interval * (1 - share))) != nil else { return }
        }
    }

    /// Clears all that is due. Leaves what another node is at.
    package func clear() async throws {
        let jobs: [Job] = [
            Self.deleteAnswers,
            { try await Session.deleteExpired(limit: Self.batch, in: $0) },
            { try await SignInThrottle.deleteExpired(limit: Self.batch, in: $0) },
        ]
        for job in jobs {
            for _ in 0..<Self.batches {
                let deleted = try await database.job { tx in try await Self.isMine(in: tx) ? job(tx) : 0 }
                if deleted < Self.batch { break }
                try Task.checkCancellation()
            }
        }
    }

    /// Deletes a batch at most.
    private typealias Job = @Sendable (PlatformTransaction) async throws -> Int

    private static func isMine(in tx: PlatformTransaction) async throws -> Bool {
        try await tx.value(
            "SELECT pg_try_advisory_xact_lock(hashtext('rookery.housekeeping'))", as: Bool.self) ?? false
    }

    /// Answers to idempotent requests, which are given again for a day.
    private static func deleteAnswers(in tx: PlatformTransaction) async throws -> Int {
        try await tx.execute(
            """
            DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM idempotency_key WHERE created_at < clock_timestamp() - interval '24 hours'
                LIMIT \(batch)))
            """)
    }
}
