import FoundationEssentials
import Platform
import Tenancy

/// Takes back what was issued to a subject (session, admin, account, API key or tenant): access tokens and verified
/// keys from before this moment count no more, on every node within a second.
///
/// Add it after the statement that changes the subject's row: that row's lock keeps anybody from issuing a token from
/// the old state with a later time.
package enum Revocation {
    package static let channel = "rookery_access"

    package static func add<Entity>(_ subject: ID<Entity>, in tx: some DatabaseTransaction) async throws {
        try await tx.execute(
            "INSERT INTO revocation (tenant_id, subject_id) VALUES (\(tx.tenant), \(subject)) ON CONFLICT DO NOTHING"
        )
        try await tx.execute("SELECT pg_notify(\(channel), '')")
    }
}
