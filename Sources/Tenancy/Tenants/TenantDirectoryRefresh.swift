import Platform

/// Keeps the tenant directory current. A look finds, without going through all tenants:
///
/// - what the program wrote, by `updated_at`;
/// - suspensions, however they were made, by an index of their own;
/// - what else was written by hand, by the transaction that wrote it (`xmin`). No index leads there, so all tenants
///   are gone through: at every look while they are few; when they are many, only when PostgreSQL has counted that
///   rows of the table were written.
///
/// PostgreSQL counts as a session comes to rest, but at most once a second for one session, and then up to ten
/// seconds late: with many tenants that is how long a limit set by hand may take, unless `updated_at` is set with it.
/// All is read again every few minutes.
package actor TenantDirectoryRefresh {
    /// Small, since a page is taken in at one go, and the event loop serves nobody meanwhile.
    private static let pageSize = 500
    /// Transactions commit later than the `updated_at` they write, so a little more is read than is new.
    private static let overlap = Duration.seconds(3)
    private static let fullEvery = Duration.seconds(300)

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let database: Database
    private let directory: TenantDirectory
    private let logger: Logger
    private let few: Int
    private var since = Timestamp(microsecondsSince1970: 0)
    private var suspended: Set<ID<Tenant>> = []
    /// Those whose limits are not understood, which was logged.
    private var withoutLimits: Set<ID<Tenant>> = []
    private var lastFull: ContinuousClock.Instant?
    /// How often rows of the table were written, as PostgreSQL counts, when all were last gone through.
    private var writes: Int64?
    /// The oldest transaction that was under way then.
    private var oldestTransaction: Int64?

    /// - Parameter few: so many tenants are gone through at every look; it takes about a millisecond.
    package init(
        loop: EventLoop, database: Database, directory: TenantDirectory, logger: Logger, few: Int = 5000
    ) {
        self.few = few
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.database = database
        self.directory = directory
        self.logger = logger
    }

    package func refresh() async throws {
        let asked = ContinuousClock.now
        let look = try await look()
        // First: whatever may be wrong with what follows, a suspension is not to wait for it.
        try await readSuspended()
        if lastFull.map({ .now - $0 > Self.fullEvery }) ?? true {
            try await readAll()
            lastFull = .now
            (writes, oldestTransaction) = (look.writes, look.oldestTransaction)
        } else {
            try await read(where: "updated_at >= \(since - Self.overlap)")
            if directory.count < few || look.writes != writes {
                try await readWritten(as: look)
                (writes, oldestTransaction) = (look.writes, look.oldestTransaction)
            }
        }
        since = look.at
        directory.markRefreshed(askedAt: asked)
    }

    /// The server's state at the beginning of a refresh: what happens later is for the next.
    private struct Look: RowDecodable {
        let at: Timestamp
        let writes: Int64
        let oldestTransaction: Int64
        let nextTransaction: Int64

        init(row: inout Row) throws {
            at = try row.next()
            writes = try row.next()
            oldestTransaction = try row.next()
            nextTransaction = try row.next()
        }
    }

    private func look() async throws -> Look {
        let look = try await database.upkeep.withConnection { connection in
            try await connection.first(
                """
                SELECT now(), pg_stat_get_tuples_inserted(t) + pg_stat_get_tuples_updated(t)
                        + pg_stat_get_tuples_deleted(t),
                    pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint
                FROM CAST('tenant'::regclass AS oid) AS t, pg_current_snapshot() AS s
                """, as: Look.self)
        }
        guard let look else { throw PostgresError.unexpectedResult("no row from SELECT") }
        return look
    }

    private func readAll() async throws {
        var seen: Set<ID<Tenant>> = []
        try await read(where: "status <> 'deleted'") { seen.insert($0.tenant) }
        directory.retain(seen)
    }

    /// Tenants written by transactions that were not finished when all were last gone through. The slack allows for
    /// transactions begun between the snapshot and the counter that age() goes by.
    private func readWritten(as look: Look) async throws {
        let slack: Int64 = 1000
        let passed = look.nextTransaction - (oldestTransaction ?? look.oldestTransaction) + slack
        try await read(where: "age(xmin) <= \(Int32(clamping: passed))")
    }

    /// Those suspended now, and those that were and may be no longer.
    private func readSuspended() async throws {
        let now = Set(
            try await database.upkeep.withConnection { connection in
                try await connection.values(
                    "SELECT id FROM tenant WHERE status = 'suspended'", as: ID<Tenant>.self)
            })
        let changed = Array(now.symmetricDifference(suspended))
        if !changed.isEmpty { try await read(where: "id = ANY(\(changed))") }
        suspended = now
    }

    /// Takes in the tenants that meet `condition`, a page at a time: one result holds all its rows in memory.
    private func read(where condition: SQL, _ each: (TenantDirectoryRow) -> Void = { _ in }) async throws {
        var last = ID<Tenant>.least
        while true {
            let page = try await database.upkeep.withConnection { [last] connection in
                try await connection.all(
                    """
                    SELECT \(TenantDirectoryRow.columns) FROM tenant
                    WHERE id > \(last) AND \(condition) ORDER BY id LIMIT \(Int64(Self.pageSize))
                    """, as: TenantDirectoryRow.self)
            }
            for row in page {
                directory.set(row.tenant, row.entry)
                noteLimits(of: row)
                each(row)
            }
            guard page.count == Self.pageSize, let end = page.last else { return }
            last = end.tenant
        }
    }

    private func noteLimits(of row: TenantDirectoryRow) {
        guard !row.hasLimits else { return _ = withoutLimits.remove(row.tenant) }
        guard withoutLimits.insert(row.tenant).inserted else { return }
        logger.warning(
            "a tenant's limits are not understood: it has the defaults", ["tenant": "\(row.tenant)"])
    }
}
