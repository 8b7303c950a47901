import Platform

/// What transactions of a tenant and of the platform have in common: for what is written beside the change itself
/// (the audit trail, the answer to an idempotent request, revocations), whosever it is.
package protocol DatabaseTransaction {
    /// Whose rows are written: a tenant, or `platform`.
    var tenant: ID<Tenant> { get }

    func all<R: RowDecodable>(_ sql: SQL, as type: R.Type) async throws -> [R]
    func first<R: RowDecodable>(_ sql: SQL, as type: R.Type) async throws -> R?
    @discardableResult
    func execute(_ sql: SQL) async throws -> Int
}

extension ID<Tenant> {
    /// Stands for no tenant in the tables that hold rows of both (audit, revocations, idempotency): the nil UUID.
    package static var platform: ID<Tenant> { .least }
}
