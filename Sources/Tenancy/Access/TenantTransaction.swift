import FoundationEssentials
import Platform

/// The only door to a tenant's rows. Queries made through it name `tenant` themselves; row-level security,
/// set to the same tenant in the same round trip, is the second net.
package struct TenantTransaction: DatabaseTransaction {
    package let tenant: ID<Tenant>
    private let transaction: PostgresTransaction

    init(tenant: ID<Tenant>, transaction: PostgresTransaction) {
        self.tenant = tenant
        self.transaction = transaction
    }

    /// The statement form, since it costs less than `set_config()`. A UUID's text needs no quoting.
    static func preamble(_ tenant: ID<Tenant>) -> SQL {
        SQL(trusted: "SET LOCAL app.tenant_id = '\(tenant.uuid.uuidString)'")
    }

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

    /// - Returns: how many rows the statement changed.
    @discardableResult
    package func execute(_ sql: SQL) async throws -> Int { try await transaction.execute(sql) }

    /// Several statements in one round trip.
    /// - Returns: the rows of each.
    package func all(_ statements: [SQL]) async throws -> [PostgresRows] {
        try await transaction.query(statements)
    }

    /// The transaction's last statements and its end in one round trip: committed when this returns, and nothing may
    /// follow.
    package func finish(_ statements: [SQL]) async throws -> [PostgresRows] {
        try await transaction.finish(statements)
    }
}
