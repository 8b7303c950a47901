import Platform

/// Lets go of what has been kept for long enough: days of the log and of attempts, dead letters, jobs that ended. A job
/// under a lease: one of it runs over all nodes.
///
/// A day is dropped as a whole when no tenant is promised it any more. What a tenant with a shorter time has in it is
/// deleted before, in small batches. Either way each consumer that has not got all of it is told, first (`GapFinder`).
/// Dropping waits for a lock for a moment only, and tries again later: appends wait behind it.
package struct Retention: Sendable {
    private static let interval = Duration.seconds(300)
    /// How long it is kept how bots fared.
    private static let daysOfHours = 31
    /// How long ended jobs, replays and the gaps of consumers are kept.
    private static let daysOfJobs = 30

    let loop: EventLoop
    let database: Database
    let days: RetentionDays
    let events: ConsumerEvents
    let logger: Logger
    /// Between two batches of rows.
    let pause: Duration

    package init(
        loop: EventLoop, database: Database, days: RetentionDays, events: ConsumerEvents, logger: Logger,
        pause: Duration = .milliseconds(20)
    ) {
        self.loop = loop
        self.database = database
        self.days = days
        self.events = events
        self.logger = logger
        self.pause = pause
    }

    /// Runs until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            await pass(today: .now)
            guard (try? await loop.sleep(for: Self.interval * Double.random(in: 0.9...1.1))) != nil else {
                return
            }
        }
    }

    /// One thing that cannot be let go of does not keep the others.
    package func pass(today: Timestamp) async {
        await attempt("days of the log") { try await letGoOfLog(today) }
        await attempt("days of attempts") { try await letGoOfAttempts(today) }
        await attempt("dead letters") { try await deleteDeadLetters(today) }
        await attempt("ended jobs") { try await deleteEnded(today) }
        await attempt("hours of bots") { try await drop("bot_hour", before: today, days: Self.daysOfHours) }
    }

    private func attempt(_ what: String, _ work: () async throws -> Void) async {
        guard !Task.isCancelled else { return }
        do {
            try await work()
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning(
                "what was kept for long enough is still there", ["what": "\(what)", "error": "\(error)"])
        }
    }

    // MARK: Days

    private func letGoOfLog(_ today: Timestamp) async throws {
        let finder = GapFinder(database: database, events: events, logger: logger)
        let longest = try await longest(.logRetentionDays)
        var oldest = longest
        for day in try await pastDays(of: "update_log", today) {
            if day.age > longest {
                let isTold = try await finder.tell(of: day.name, tenants: nil)
                // A day late it goes all the same, for the disk has an end.
                if !isTold, day.age == longest + 1 { oldest = max(oldest, day.age) }
            } else {
                for tenant in try await tenants(.logRetentionDays, with: "update_log", in: day) {
                    guard try await finder.tell(of: day.name, tenants: [tenant]) else { continue }
                    try await delete(of: tenant, in: day, from: "update_log")
                }
            }
        }
        try await drop("update_log", before: today, days: oldest)
    }

    private func letGoOfAttempts(_ today: Timestamp) async throws {
        let longest = try await longest(.attemptRetentionDays)
        for day in try await pastDays(of: "delivery_attempt", today) where day.age <= longest {
            for tenant in try await tenants(.attemptRetentionDays, with: "delivery_attempt", in: day) {
                try await delete(of: tenant, in: day, from: "delivery_attempt")
            }
        }
        try await drop("delivery_attempt", before: today, days: longest)
    }

    /// A day that there is a partition of.
    private struct PastDay: RowDecodable {
        /// As in 20260131.
        let name: String
        /// Days before today.
        let age: Int

        init(row: inout Row) throws {
            name = try row.next()
            age = Int(try row.next(Int32.self))
        }
    }

    /// Oldest first; today and yesterday are none.
    private func pastDays(of table: String, _ today: Timestamp) async throws -> [PastDay] {
        try await database.job { tx in
            try await tx.all(
                """
                SELECT name, (\(today) AT TIME ZONE 'UTC')::date - name::date FROM (
                    SELECT right(c.relname, 8) AS name FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                    WHERE i.inhparent = \(table)::text::regclass) AS d
                WHERE (\(today) AT TIME ZONE 'UTC')::date - name::date > 1 ORDER BY name
                """, as: PastDay.self)
        }
    }

    /// Of any tenant.
    private func longest(_ key: TenantLimits.Key) async throws -> Int {
        let standard = Int32(max(days[key] ?? 1, 1))
        let longest = try await database.job { tx in
            try await tx.value(
                "SELECT coalesce(max(\(days.sql(key))), \(standard)) FROM tenant", as: Int32.self)
        }
        return Int(longest ?? standard)
    }

    /// Those that have rows in a day that is older than what they are promised.
    private func tenants(_ key: TenantLimits.Key, with table: String, in day: PastDay) async throws -> [ID<
        Tenant
    >] {
        try await database.job { tx in
            try await tx.all(
                """
                SELECT tenant.id FROM tenant WHERE \(days.sql(key)) < \(Int32(day.age))
                    AND EXISTS (SELECT FROM \(identifier: table) AS kept
                        WHERE kept.tenant_id = tenant.id AND kept.day = \(day.name)::text::date)
                """, as: Single<ID<Tenant>>.self
            ).map(\.value)
        }
    }

    /// Rows are deleted by where they are stored, which takes no join: while statistics know little of a tenant, that
    /// would be a nested loop over all its rows.
    private func delete(of tenant: ID<Tenant>, in day: PastDay, from table: String) async throws {
        try await inBatches { limit, tx in
            try await tx.execute(
                """
                DELETE FROM \(identifier: table) WHERE day = \(day.name)::text::date AND ctid = ANY (ARRAY(
                    SELECT ctid FROM \(identifier: table)
                    WHERE tenant_id = \(tenant) AND day = \(day.name)::text::date LIMIT \(limit)))
                """)
        }
    }

    private func drop(_ table: String, before today: Timestamp, days: Int) async throws {
        try await database.job { tx in
            _ = try await tx.execute(
                """
                SELECT drop_day_partitions(\(table), (\(today) AT TIME ZONE 'UTC')::date - \(Int32(days))::integer)
                """)
        }
    }

    // MARK: Rows

    /// What holds its lane is kept until somebody decides.
    private func deleteDeadLetters(_ today: Timestamp) async throws {
        struct Over: RowDecodable {
            let tenant: ID<Tenant>
            let before: Timestamp
            init(row: inout Row) throws {
                tenant = try row.next()
                before = try row.next()
            }
        }
        let isOver: SQL = "delivery.status <> 'retrying' AND NOT delivery.is_parking AND delivery.updated_at"
        let due = try await database.job { tx in
            try await tx.all(
                """
                SELECT id, before FROM (SELECT tenant.id,
                    \(today) - \(days.sql(.deadLetterRetentionDays)) * interval '1 day' AS before FROM tenant) AS kept
                WHERE EXISTS (SELECT FROM delivery WHERE delivery.tenant_id = kept.id AND \(isOver) < kept.before)
                """, as: Over.self)
        }
        for over in due {
            try await inBatches { limit, tx in
                try await tx.execute(
                    """
                    DELETE FROM delivery WHERE ctid = ANY (ARRAY(
                        SELECT ctid FROM delivery WHERE tenant_id = \(over.tenant) AND \(isOver) < \(over.before)
                        ORDER BY updated_at LIMIT \(limit) FOR UPDATE SKIP LOCKED))
                    """)
            }
        }
    }

    private func deleteEnded(_ today: Timestamp) async throws {
        let before: SQL = "\(today) - \(Int32(Self.daysOfJobs)) * interval '1 day'"
        try await database.job { tx in
            try await tx.execute(
                "DELETE FROM retry_job WHERE status <> 'running' AND finished_at < \(before)")
            try await tx.execute("DELETE FROM consumer_gap WHERE created_at < \(before)")
        }
        let replays = try await database.job { tx in
            try await tx.all(
                "SELECT tenant_id, consumer_id FROM replay WHERE status <> 'running' AND finished_at < \(before)",
                as: EndedReplay.self)
        }
        for replay in replays {
            try Task.checkCancellation()
            try await database.write(replay.tenant) { tx in try await Replay.delete(replay.id, in: tx) }
        }
    }

    /// Each batch commits by itself, so that nothing is locked for long.
    private func inBatches(_ delete: (Int64, PlatformTransaction) async throws -> Int) async throws {
        let limit: Int64 = 1000
        while try await database.job({ tx in try await delete(limit, tx) }) == Int(limit) {
            try await loop.sleep(for: pause)
        }
    }
}

private struct Single<Value: PostgresDecodable & Sendable>: RowDecodable {
    let value: Value
    init(row: inout Row) throws { value = try row.next() }
}

private struct EndedReplay: RowDecodable {
    let tenant: ID<Tenant>
    let id: ID<Replay>

    init(row: inout Row) throws {
        tenant = try row.next()
        id = try row.next()
    }
}
