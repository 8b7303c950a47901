import Platform

/// Makes the days ahead and drops those past retention, every hour and at the start.
package struct LogPartitions: Sendable {
    private static let daysAhead = 3

    private let database: Database
    private let loop: EventLoop
    private let logger: Logger

    package init(database: Database, loop: EventLoop, logger: Logger) {
        self.database = database
        self.loop = loop
        self.logger = logger
    }

    /// Runs until the task is cancelled. Must run on the loop.
    package func run() async throws {
        while true {
            do {
                try await maintain(today: .now)
                try await loop.sleep(for: .seconds(3600))
            } catch let error as CancellationError {
                throw error
            } catch {
                logger.warning("partitions could not be maintained", ["error": "\(error)"])
                try await loop.sleep(for: .seconds(30))
            }
        }
    }

    /// Keeps as many whole days as the tenant with the longest retention is promised, today not counted.
    package func maintain(today: Timestamp) async throws {
        try await database.system.withConnection { connection in
            _ = try await connection.execute("SELECT make_day_partitions(\(Int32(Self.daysAhead)))")
            let longest = try await connection.value(
                """
                SELECT coalesce(max((limits ->> 'log_retention_days')::bigint), 0) FROM tenant
                """, as: Int64.self)
            let standard = TenantLimits()[.logRetentionDays] ?? 0
            let days = max(Int64(standard), longest ?? 0, 1)
            for table in ["update_log", "delivery_attempt"] {
                _ = try await connection.execute(
                    """
                    SELECT drop_day_partitions(\(table),
                        (\(today) AT TIME ZONE 'UTC')::date - \(Int32(clamping: days))::integer)
                    """)
            }
        }
    }
}
