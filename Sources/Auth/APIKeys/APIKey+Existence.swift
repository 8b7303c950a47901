import Platform
import Tenancy

extension APIKey {
    /// Whether the transaction's tenant has a key with this secret.
    package static func exists(_ secret: APIKeySecret, in tx: TenantTransaction) async throws -> Bool {
        try await tx.value(
            "SELECT EXISTS (SELECT FROM api_key WHERE tenant_id = \(tx.tenant) AND digest = \(secret.digest))",
            as: Bool.self) ?? false
    }
}
