import Platform

/// One event loop's ways into the database.
///
/// `tenants` connects as the program's role, under row-level security; its only door is a tenant transaction.
/// The others wear the role rookery_system, for the jobs that span tenants, and are not reachable from outside
/// this module. They are apart so that a storm of retries, which can take every connection of `system` and fill
/// its queue, neither turns updates away nor lets leases lapse:
///
/// - `append` writes updates to the log,
/// - `upkeep` keeps leases, the bot directory and what is known of credentials,
/// - `accounts` signs people in and serves the platform's own routes,
/// - `callers` looks up API keys and who somebody is, however many sign-ins wait,
/// - `jobs` seals the audit trail and clears up,
/// - `system` serves delivery and the partitions.
package struct Database: Sendable {
    let tenants: PostgresPool
    let system: PostgresPool
    let append: PostgresPool
    let upkeep: PostgresPool
    let accounts: PostgresPool
    let callers: PostgresPool
    let jobs: PostgresPool

    /// - Parameters:
    ///   - append: nil for the connections of `system`.
    ///   - upkeep: nil for the connections of `system`.
    ///   - accounts: nil for the connections of `system`.
    ///   - callers: nil for the connections of `system`.
    ///   - jobs: nil for the connections of `system`.
    package init(
        tenants: PostgresPool, system: PostgresPool, append: PostgresPool? = nil, upkeep: PostgresPool? = nil,
        accounts: PostgresPool? = nil, callers: PostgresPool? = nil, jobs: PostgresPool? = nil
    ) {
        self.tenants = tenants
        self.system = system
        self.append = append ?? system
        self.upkeep = upkeep ?? system
        self.accounts = accounts ?? system
        self.callers = callers ?? system
        self.jobs = jobs ?? system
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

    /// Reads what belongs to no tenant, or before one is known.
    package func readPlatform<T: Sendable>(_ body: (PlatformTransaction) async throws -> T) async throws -> T
    {
        try await accounts.transaction(nil, readOnly: true) { try await body(PlatformTransaction($0)) }
    }

    /// Changes what belongs to no tenant: committed when this returns, undone when `body` throws.
    package func writePlatform<T: Sendable>(_ body: (PlatformTransaction) async throws -> T) async throws -> T
    {
        try await accounts.transaction(nil, readOnly: false) { try await body(PlatformTransaction($0)) }
    }

    /// As `readPlatform`, for who makes a request: sign-ins do not keep it waiting.
    package func lookUp<T: Sendable>(_ body: (PlatformTransaction) async throws -> T) async throws -> T {
        try await callers.transaction(nil, readOnly: true) { try await body(PlatformTransaction($0)) }
    }

    /// As `readPlatform`, for what a node keeps current, apart from the sign-ins, which can take all connections there
    /// are. On the first event loop only.
    package func readUpkeep<T: Sendable>(_ body: (PlatformTransaction) async throws -> T) async throws -> T {
        try await upkeep.transaction(nil, readOnly: true) { try await body(PlatformTransaction($0)) }
    }

    /// As `writePlatform`, for what a node keeps current. On the first event loop only.
    package func writeUpkeep<T: Sendable>(_ body: (PlatformTransaction) async throws -> T) async throws -> T {
        try await upkeep.transaction(nil, readOnly: false) { try await body(PlatformTransaction($0)) }
    }

    /// What the program does by itself, for all tenants: committed when this returns, undone when `body` throws.
    /// Never waits for a connection that a request holds.
    package func job<T: Sendable>(
        _ body: (PlatformTransaction) async throws -> T
    ) async throws -> T {
        try await jobs.transaction(nil, readOnly: false) { try await body(PlatformTransaction($0)) }
    }

    /// The newest migration applied; nil when the database does not answer or has never been migrated.
    package func schemaVersion() async -> Int? {
        try? await tenants.withConnection { connection in
            try await connection.value(
                "SELECT coalesce(max(version), 0)::integer FROM schema_migration", as: Int32.self)
        }.map(Int.init)
    }

    package func close() async {
        for pool in [tenants, append, upkeep, accounts, callers, jobs, system] { await pool.close() }
    }
}
