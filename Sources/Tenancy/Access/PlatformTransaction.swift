import Platform

/// The door to what belongs to no tenant, and to look-ups made before one is known (sign-in, API keys, invitations):
/// as rookery_system, past the tenants' row-level security. For Auth, and for the platform's own routes; what
/// concerns one tenant goes through `TenantTransaction`.
package struct PlatformTransaction: DatabaseTransaction, Sendable {
    package var tenant: ID<Tenant> { .platform }
    private let transaction: PostgresTransaction

    init(_ transaction: PostgresTransaction) { self.transaction = transaction }

    package func all<R: RowDecodable>(_ sql: SQL, as type: R.Type = R.self) async throws -> [R] {
        try await transaction.all(sql, as: type)
    }

    package func first<R: RowDecodable>(_ sql: SQL, as type: R.Type = R.self) async throws -> R? {
        try await transaction.first(sql, as: type)
    }

    package func value<Value: PostgresDecodable>(
        _ sql: SQL, as type: Value.Type = Value.self
    ) async throws -> Value? {
        try await transaction.value(sql, as: type)
    }

    @discardableResult
    package func execute(_ sql: SQL) async throws -> Int { try await transaction.execute(sql) }
}
