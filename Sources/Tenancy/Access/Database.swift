import Platform

/// One event loop's ways into the database.
///
/// `tenants` connects as the program's role, under row-level security; its only door is a tenant transaction.
/// `system` wears the role rookery_system and serves the jobs that span tenants: the bot directory, the append,
/// delivery and leases. It is not reachable from outside this module.
package struct Database: Sendable {
    let tenants: PostgresPool
    let system: PostgresPool

    package init(tenants: PostgresPool, system: PostgresPool) {
        self.tenants = tenants
        self.system = system
    }

    /// Reads as one tenant, from one snapshot a statement.
    package func read<T: Sendable>(
        _ tenant: ID<Tenant>, _ body: (TenantTransaction) async throws -> T
    ) async throws -> T {
        try await tenants.transaction(TenantTransaction.preamble(tenant), readOnly: true) { transaction in
            try await body(TenantTransaction(tenant: tenant, transaction: transaction))
        }
    }

    /// Changes as one tenant: committed when this returns, undone when `body` throws.
    package func write<T: Sendable>(
        _ tenant: ID<Tenant>, _ body: (TenantTransaction) async throws -> T
    ) async throws -> T {
        try await tenants.transaction(TenantTransaction.preamble(tenant), readOnly: false) { transaction in
            try await body(TenantTransaction(tenant: tenant, transaction: transaction))
        }
    }

    /// The newest migration applied; nil when the database does not answer or has never been migrated.
    package func schemaVersion() async -> Int? {
        try? await tenants.withConnection { connection in
            try await connection.value(
                "SELECT coalesce(max(version), 0)::integer FROM schema_migration", as: Int32.self)
        }.map(Int.init)
    }

    package func close() async {
        await tenants.close()
        await system.close()
    }
}
