import Platform

/// Makes the days ahead (of the log, of attempts, of how bots fared) and the months of the audit trail, and drops the
/// days past retention: at the start, every hour, and when somebody has found that today's is missing.
package actor LogPartitions {
    private static let daysAhead = 3
    private static let monthsAhead = 3
    /// How long it is kept how bots fared.
    private static let daysOfHours = 31
    private static let countedLosers: Int64 = 10_000
    private static let interval = Duration.seconds(3600)
    private static let intervalAfterFailure = Duration.seconds(30)

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let database: Database
    private let loop: EventLoop
    private let logger: Logger
    private let shortestPause: Duration
    private let need = WakeUp()

    /// - Parameter shortestPause: between two tries, however often it is woken.
    package init(
        database: Database, loop: EventLoop, logger: Logger, shortestPause: Duration = .seconds(3)
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.database = database
        self.loop = loop
        self.logger = logger
        self.shortestPause = shortestPause
    }

    /// A partition is missing: try now. From any thread.
    package nonisolated func wake() { need.wake() }

    /// Runs until the task is cancelled.
    package func run() async throws {
        var isFailing = false
        while true {
            do {
                try await maintain(today: .now)
                isFailing = false
            } catch {
                try Task.checkCancellation()
                if !isFailing {
                    logger.warning("partitions could not be maintained", ["error": "\(error)"])
                }
                isFailing = true
            }
            try await loop.sleep(for: shortestPause)
            let pause = isFailing ? Self.intervalAfterFailure : Self.interval
            try await need.pause(atMost: pause - shortestPause, on: loop)
        }
    }

    /// Keeps as many whole days as the tenant with the longest retention is promised, today not counted.
    package func maintain(today: Timestamp) async throws {
        try await database.system.withConnection { connection in
            _ = try await connection.execute("SELECT make_day_partitions(\(Int32(Self.daysAhead)))")
            _ = try await connection.execute("SELECT make_month_partitions(\(Int32(Self.monthsAhead)))")
            let longest = try await connection.value(
                """
                SELECT coalesce(max((limits ->> 'log_retention_days')::bigint), 0) FROM tenant
                """, as: Int64.self)
            let standard = TenantLimits()[.logRetentionDays] ?? 0
            let days = max(Int64(standard), longest ?? 0, 1)
            await warnOfLoss(before: today, days: days, in: connection)
            for table in ["update_log", "delivery_attempt"] {
                _ = try await connection.execute(
                    """
                    SELECT drop_day_partitions(\(table),
                        (\(today) AT TIME ZONE 'UTC')::date - \(Int32(clamping: days))::integer)
                    """)
            }
            _ = try await connection.execute(
                """
                SELECT drop_day_partitions('bot_hour',
                    (\(today) AT TIME ZONE 'UTC')::date - \(Int32(Self.daysOfHours))::integer)
                """)
        }
    }

    /// Says how many push consumers are about to lose updates that they have not got: retention waits for nobody.
    /// What it cannot find out within the statement time-out does not hold up the drop.
    private func warnOfLoss(before today: Timestamp, days: Int64, in connection: PostgresConnection) async {
        do {
            let lagging = try await connection.value(
                """
                SELECT count(*) FROM (
                    SELECT FROM consumer AS c JOIN consumer_cursor AS k
                        ON k.tenant_id = c.tenant_id AND k.consumer_id = c.id
                    WHERE c.type = 'push' AND EXISTS (
                        SELECT FROM update_log AS l
                        WHERE l.tenant_id = c.tenant_id AND l.bot_id = c.bot_id AND l.position > k.position
                            AND l.position <> ALL (k.settled)
                            AND l.day < (\(today) AT TIME ZONE 'UTC')::date - \(Int32(clamping: days))::integer)
                    LIMIT \(Self.countedLosers)) AS lagging
                """, as: Int64.self)
            guard let lagging, lagging > 0 else { return }
            logger.warning(
                "push consumers lag behind the retention: updates are dropped that they have not got",
                ["count": Int(lagging)])
        } catch {
            logger.warning(
                "days are dropped without knowing who has not got their updates", ["error": "\(error)"])
        }
    }
}
