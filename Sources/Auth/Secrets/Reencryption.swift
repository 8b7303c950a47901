import Platform
import Tenancy

/// Seals all that is stored sealed anew with the newest key of the ring, so that older ones can leave it.
///
/// It goes on from wherever an earlier run has ended, since what is sealed with the newest key is not touched, and it
/// may run while nodes do: each of its transactions holds a hundred rows for a moment, and waits for nobody.
package struct Reencryption: Sendable {
    package static let columns = SealedColumn.ofTenants + SealedColumn.ofPlatform

    /// Whose secrets are deleted within a day and are not sealed anew: answers to requests with an Idempotency-Key.
    package static let answers = SealedColumn("idempotency_key", "answer_sealed", key: []) { _ in nil }

    /// Over the rows that somebody held the last time.
    private static let passes = 20
    private static let betweenPasses = Duration.milliseconds(500)

    private let loop: EventLoop
    private let database: Database
    private let box: SecretBox
    private let trail: AuditTrail

    package init(loop: EventLoop, database: Database, box: SecretBox, trail: AuditTrail) {
        self.loop = loop
        self.database = database
        self.box = box
        self.trail = trail
    }

    /// - Parameter tell: is told of every page; a column, and how many of its secrets were sealed anew.
    /// - Returns: how many secrets were sealed anew.
    package func run(
        tell: @Sendable (SealedColumn, Int) -> Void = { _, _ in }
    ) async throws -> Int {
        var total = 0
        for column in Self.columns {
            for pass in 1...Self.passes {
                let (resealed, unreadable) = try await reseal(column, isFirst: total == 0)
                total += resealed
                if resealed > 0 { tell(column, resealed) }
                let isDone = try await outdated(in: column) <= unreadable
                if isDone || pass == Self.passes { break }
                try await loop.sleep(for: Self.betweenPasses)
            }
        }
        return total
    }

    /// - Parameter isFirst: whether nothing was sealed anew so far, so that the trail does not say so yet.
    private func reseal(_ column: SealedColumn, isFirst: Bool) async throws -> (
        resealed: Int, unreadable: Int
    ) {
        var (resealed, unreadable) = (0, 0)
        var last: [String]?
        repeat {
            let after = last
            let isNoted = !isFirst || resealed > 0
            let page = try await database.job { tx in
                let page = try await column.reseal(after: after, box: box, in: tx)
                if page.resealed > 0, !isNoted {
                    try await trail.record(event, by: .operator, from: .commandLine, in: tx)
                }
                return page
            }
            resealed += page.resealed
            unreadable += page.unreadable
            last = page.last
        } while last != nil
        return (resealed, unreadable)
    }

    private var event: AuditEvent {
        var changes = AuditChanges()
        changes.add("key", from: nil, to: box.newestKey)
        return AuditEvent(.secretsReencrypt, changes: changes)
    }

    private func outdated(in column: SealedColumn) async throws -> Int {
        let newest = box.newestKey
        return try await keys(of: column).filter { $0.key != newest }.values.reduce(0, +)
    }

    /// How many of a column's secrets each key has sealed, by the keys' names. Reads the whole table.
    package func keys(of column: SealedColumn) async throws -> [String: Int] {
        try await database.job { tx in
            try await tx.execute("SET LOCAL statement_timeout = 0")
            return try await column.keys(in: tx)
        }
    }
}
