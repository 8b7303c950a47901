import Platform
import Tenancy

/// Clears away what has had its time: every hour, on one node at a time, a batch a transaction, so that nothing is
/// locked for long. What is looked at everywhere tells by its own times whether it still counts, so that nothing
/// goes wrong when this comes late.
package struct Housekeeping: Sendable {
    private static let interval = Duration.seconds(3600)
    static let batch: Int64 = 1000
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
            } catch  where !Task.isCancelled {
                logger.warning("clearing up failed", ["error": "\(error)"])
            } catch {
                return
            }
            guard (try? await loop.sleep(for: Self.interval * (1 - share))) != nil else { return }
        }
    }

    /// Clears all that is due. Leaves what another node is at.
    package func clear() async throws {
        for expired in Self.expired {
            for _ in 0..<Self.batches {
                let deleted = try await database.job { tx in try await Self.delete(expired, in: tx) }
                if deleted < Int(Self.batch) { break }
                try Task.checkCancellation()
            }
        }
    }

    private static func delete(_ expired: Expired, in tx: PlatformTransaction) async throws -> Int {
        let isMine = try await tx.value(
            "SELECT pg_try_advisory_xact_lock(hashtext('rookery.housekeeping'))", as: Bool.self)
        guard isMine == true else { return 0 }
        return try await tx.execute(
            """
            DELETE FROM \(identifier: expired.table) WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM \(identifier: expired.table) WHERE \(expired.condition) LIMIT \(batch)))
            """)
    }

    private struct Expired: Sendable {
        let table: String
        let condition: SQL
    }

    private static let expired = [
        Expired(table: "idempotency_key", condition: "created_at < clock_timestamp() - interval '24 hours'"),
        // Access tokens live for ten minutes; what was issued before is long past.
        Expired(table: "revocation", condition: "revoked_at < clock_timestamp() - interval '1 hour'"),
        // Their refresh tokens go with them.
        Expired(
            table: "session",
            condition: """
                expires_at < clock_timestamp() - interval '1 day'
                    OR revoked_at < clock_timestamp() - interval '1 day'
                """),
        Expired(
            table: "sign_in_failure",
            condition: """
                last_at < clock_timestamp() - interval '1 day' AND blocked_until < clock_timestamp()
                """),
    ]
}
