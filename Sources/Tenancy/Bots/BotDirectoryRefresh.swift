import Platform

/// Keeps the bot directory current: a change is announced on `channel` by the transaction that makes it, and what
/// was not announced is found within a second, bots by `updated_at`, tenants by the transaction that wrote them.
/// All is read again every few minutes, so that nothing can stay wrong for long.
package actor BotDirectoryRefresh {
    package static let channel = "rookery_directory"

    private static let interval = Duration.seconds(1)
    private static let pageSize = 1000
    /// Transactions commit later than the `updated_at` they write, so a little more is read than is new.
    private static let overlap = Duration.seconds(3)
    private static let fullEvery = Duration.seconds(300)

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private let directory: BotDirectory
    private let secrets: BotSecrets
    private let logger: Logger
    private var since = Timestamp(microsecondsSince1970: 0)
    /// The oldest transaction that was under way at the last look at the tenants.
    private var oldestTransaction: Int64?
    private var lastFull: ContinuousClock.Instant?
    private var wakeUp: CheckedContinuation<Void, Never>?
    private var isWanted = false

    package init(
        loop: EventLoop, database: Database, directory: BotDirectory, secrets: BotSecrets, logger: Logger
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
        self.directory = directory
        self.secrets = secrets
        self.logger = logger
    }

    /// Something was announced: refresh now.
    package func wake() {
        isWanted = true
        wakeUp?.resume()
        wakeUp = nil
    }

    /// Runs until the task is cancelled.
    package func run() async throws {
        var isFailing = false
        while !Task.isCancelled {
            isWanted = false
            do {
                try await refresh()
                isFailing = false
            } catch {
                if !isFailing {
                    logger.warning("the bot directory could not be refreshed", ["error": "\(error)"])
                }
                isFailing = true
            }
            await pause()
        }
    }

    private func pause() async {
        guard !isWanted else { return }
        let timer = loop.schedule(after: Self.interval) { self.assumeIsolated { $0.wake() } }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if isWanted { continuation.resume() } else { wakeUp = continuation }
            }
        } onCancel: {
            loop.execute { self.assumeIsolated { $0.wake() } }
        }
        loop.cancel(timer)
    }

    package func refresh() async throws {
        let isFull = lastFull.map { .now - $0 > Self.fullEvery } ?? true
        try await readSuspended()
        if isFull {
            try await readAll()
            lastFull = .now
            directory.markLoaded()
        } else {
            try await readChanged()
        }
    }

    private func readSuspended() async throws {
        let rows = try await database.system.withConnection { connection in
            try await connection.values("SELECT id FROM tenant WHERE status <> 'active'", as: ID<Tenant>.self)
        }
        directory.setSuspended(Set(rows))
    }

    private func readAll() async throws {
        let started = try await serverTime()
        var seen: Set<ID<Bot>> = []
        try await read(where: "bot.status <> 'deleted'") { seen.insert($0.key.bot) }
        directory.retain(seen)
        since = started
    }

    private func readChanged() async throws {
        let started = try await serverTime()
        let from = since - Self.overlap
        let tenants = try await changedTenants()
        try await read(where: "bot.updated_at >= \(from)")
        for tenant in tenants { try await read(where: "bot.tenant_id = \(tenant)") }
        since = started
    }

    /// Tenants written by transactions that were not finished at the last look, whoever wrote them: limits are set by
    /// hand, too. There are few tenants, so going through all of them costs little; the slack allows for
    /// transactions begun between the snapshot and the counter that age() goes by.
    private func changedTenants() async throws -> [ID<Tenant>] {
        struct Seen: RowDecodable {
            let oldest: Int64
            let next: Int64
            init(row: inout Row) throws {
                oldest = try row.next()
                next = try row.next()
            }
        }
        let slack: Int64 = 1000
        return try await database.system.withConnection { connection in
            let now = try await connection.first(
                """
                SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint
                FROM pg_current_snapshot() AS s
                """, as: Seen.self)
            guard let now else { return [] }
            let passed = now.next - (oldestTransaction ?? now.oldest) + slack
            let changed = try await connection.values(
                "SELECT id FROM tenant WHERE age(xmin) <= \(Int32(clamping: passed))", as: ID<Tenant>.self)
            oldestTransaction = now.oldest
            return changed
        }
    }

    /// Takes in the bots that meet `condition`, a page at a time: there may be very many, and one result holds
    /// them all in memory.
    private func read(where condition: SQL, _ each: (DirectoryRow) -> Void = { _ in }) async throws {
        var last = BotKey(tenant: .least, bot: .least)
        while true {
            let page = try await database.system.withConnection { [last] connection in
                try await connection.all(
                    """
                    SELECT \(DirectoryRow.columns)
                    FROM bot JOIN tenant ON tenant.id = bot.tenant_id
                    WHERE (bot.tenant_id, bot.id) > (\(last.tenant), \(last.bot)) AND \(condition)
                    ORDER BY bot.tenant_id, bot.id LIMIT \(Int64(Self.pageSize))
                    """, as: DirectoryRow.self)
            }
            for row in page {
                apply(row)
                each(row)
            }
            guard page.count == Self.pageSize, let end = page.last else { return }
            last = end.key
        }
    }

    private func serverTime() async throws -> Timestamp {
        try await database.system.withConnection { connection in
            try await connection.value("SELECT now()", as: Timestamp.self) ?? .now
        }
    }

    private func apply(_ row: DirectoryRow) {
        guard row.status != .deleted else { return directory.remove(row.key.bot) }
        let digests = row.sealedSecrets.compactMap { sealed -> SecretDigest? in
            do {
                return SecretDigest(
                    of: try secrets.open(sealed, .webhookSecret, of: row.key.bot, row.key.tenant))
            } catch {
                logger.error(
                    "a webhook secret cannot be opened: is ROOKERY_MASTER_KEY the right one?",
                    [
                        "bot": "\(row.key.bot)", "error": "\(error)",
                    ])
                return nil
            }
        }
        directory.set(
            row.key.bot,
            BotDirectory.Entry(
                tenant: row.key.tenant, secrets: digests, updatesPerMinute: row.limits[.ingestPerMinutePerBot]
            ))
    }
}

private struct DirectoryRow: RowDecodable {
    static let columns: SQL = "bot.tenant_id, bot.id, bot.status, bot.webhook_secrets, tenant.limits"

    let key: BotKey
    let status: Bot.Status
    let sealedSecrets: [[UInt8]]
    let limits: TenantLimits

    init(row: inout Row) throws {
        key = BotKey(tenant: try row.next(), bot: try row.next())
        status = try row.next()
        sealedSecrets = try row.next()
        limits = try TenantLimits(json: row.next())
    }
}
