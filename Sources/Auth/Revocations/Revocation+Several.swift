import FoundationEssentials
import Platform
import Tenancy

extension Revocation {
    /// As `add`, for many subjects at once.
    package static func add<Entity>(all subjects: [ID<Entity>], in tx: some DatabaseTransaction) async throws
    {
        guard !subjects.isEmpty else { return }
        try await tx.execute(
            """
            INSERT INTO revocation (tenant_id, subject_id)
            SELECT \(tx.tenant), subject FROM unnest(\(subjects.map(\.uuid))) AS subject
            ON CONFLICT DO NOTHING
            """)
        try await tx.execute("SELECT pg_notify(\(channel), '')")
    }
}
