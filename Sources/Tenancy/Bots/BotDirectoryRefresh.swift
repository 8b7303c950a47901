import Platform

/// Keeps the bot directory current, and with it that of the tenants: a change is announced on `channel` by the
/// transaction that makes it, and what was not announced is found within a second, bots by `updated_at`. All is read
/// again every few minutes, so that nothing can stay wrong for long.
package actor BotDirectoryRefresh {
    package static let channel = "rookery_directory"

    static let interval = Duration.seconds(1)
    /// Transactions commit later than the `updated_at` they write, so a little more is read than is new.
    private static let overlap = Duration.seconds(3)
    private static let fullEvery = Duration.seconds(300)
    private static let tenantsGoodFor = Duration.seconds(2)

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private let directory: BotDirectory
    private let tenants: TenantDirectoryRefresh
    private let secrets: BotSecrets
    private let logger: Logger
    private let pageSize: Int
    private var since = Timestamp(microsecondsSince1970: 0)
    private var lastFull: ContinuousClock.Instant?
    private let news = WakeUp()

    package init(
        loop: EventLoop, database: Database, directory: BotDirectory, secrets: BotSecrets, logger: Logger,
        pageSize: Int = 1000
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
        self.directory = directory
        tenants = TenantDirectoryRefresh(
            loop: loop, database: database, directory: directory.tenants, logger: logger)
        self.secrets = secrets
        self.logger = logger
        self.pageSize = pageSize
    }

    /// Something was announced: refresh now. From any thread.
    package nonisolated func wake() { news.wake() }

    /// Runs until the task is cancelled.
    package func run() async throws {
        var isFailing = false
        while !Task.isCancelled {
            do {
                try await refresh()
                isFailing = false
            } catch {
                if !isFailing {
                    logger.warning("the directories could not be refreshed", ["error": "\(error)"])
                }
                isFailing = true
            }
            try await news.pause(atMost: Self.interval, on: loop)
        }
    }

    package func refresh() async throws {
        let isFull = lastFull.map { .now - $0 > Self.fullEvery } ?? true
        // Before the bots: one that is known must not wait for its tenant.
        try await tenants.refresh()
        try await directory.pulled.refresh(isFull: isFull, in: database)
        if isFull {
            try await readAll()
            lastFull = .now
            directory.markLoaded()
        } else {
            try await readChanged()
        }
    }

    /// Very many bots take a while. What changes meanwhile is not to wait for it, and is read between the pages.
    private func readAll() async throws {
        since = try await serverTime()
        var lastLook = ContinuousClock.now
        var seen: Set<ID<Bot>> = []
        var last: BotKey? = BotKey(tenant: .least, bot: .least)
        while let previous = last {
            last = try await readPage(where: "status <> 'deleted'", after: previous) { seen.insert($0) }
            guard last != nil, news.takeWake() || .now - lastLook >= Self.interval else { continue }
            lastLook = .now
            try await tenants.refresh()
            try await readChanged { seen.insert($0) }
        }
        directory.retain(seen)
    }

    private func readChanged(_ each: (ID<Bot>) -> Void = { _ in }) async throws {
        let started = try await serverTime()
        let from = since - Self.overlap
        var last: BotKey? = BotKey(tenant: .least, bot: .least)
        while let previous = last {
            last = try await readPage(where: "updated_at >= \(from)", after: previous, each)
        }
        since = started
    }

    /// Takes in some of the bots that meet `condition`: there may be very many, and one result holds them all in
    /// memory.
    /// - Returns: the last one; nil when there are no more.
    private func readPage(
        where condition: SQL, after previous: BotKey, _ each: (ID<Bot>) -> Void
    ) async throws -> BotKey? {
        let page = try await database.upkeep.withConnection { [pageSize] connection in
            try await connection.all(
                """
                SELECT \(DirectoryRow.columns) FROM bot
                WHERE (tenant_id, id) > (\(previous.tenant), \(previous.bot)) AND \(condition)
                ORDER BY tenant_id, id LIMIT \(Int64(pageSize))
                """, as: DirectoryRow.self)
        }
        // Very many bots may take longer than what is known of their tenants is good for.
        if !directory.tenants.isFresh(within: Self.tenantsGoodFor) { try await tenants.refresh() }
        for row in page {
            apply(row)
            each(row.key.bot)
        }
        return page.count == pageSize ? page.last?.key : nil
    }

    private func serverTime() async throws -> Timestamp {
        try await database.upkeep.withConnection { connection in
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
                tenant: row.key.tenant, secrets: digests, transport: row.transport,
                takesAdminCommands: row.takesAdminCommands, version: row.updatedAt))
    }
}

private struct DirectoryRow: RowDecodable {
    static let columns: SQL = "tenant_id, id, status, webhook_secrets, transport, admin_commands, updated_at"

    let key: BotKey
    let status: Bot.Status
    let sealedSecrets: [[UInt8]]
    let transport: Bot.Transport
    let takesAdminCommands: Bool
    let updatedAt: Timestamp

    init(row: inout Row) throws {
        key = BotKey(tenant: try row.next(), bot: try row.next())
        status = try row.next()
        sealedSecrets = try row.next()
        transport = try row.next()
        takesAdminCommands = try row.next()
        updatedAt = try row.next()
    }
}
