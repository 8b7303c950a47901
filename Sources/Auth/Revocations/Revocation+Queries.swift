import FoundationEssentials
import Platform
import Tenancy

/// A row of `revocation`.
struct Revoked: RowDecodable {
    let subject: UUID
    let at: Timestamp

    init(subject: UUID, at: Timestamp) {
        self.subject = subject
        self.at = at
    }

    init(row: inout Row) throws {
        subject = try row.next()
        at = try row.next()
    }
}

extension Revocation {
    /// A revocation is dated before its transaction commits. One that took longer is found when all are read again.
    static let overlap = Duration.seconds(10)

    static func since(_ moment: Timestamp, in tx: PlatformTransaction) async throws -> [Revoked] {
        try await tx.all(
            "SELECT subject_id, revoked_at FROM revocation WHERE revoked_at >= \(moment)", as: Revoked.self)
    }

    /// Deletes those that no token can be older than.
    static func deleteOld(before moment: Timestamp, in tx: PlatformTransaction) async throws {
        try await tx.execute("DELETE FROM revocation WHERE revoked_at < \(moment)")
    }
}
