import Platform

/// Clears up after consumers that were deleted: their delivery rows and attempts, page by page, so that nobody waits
/// for it. On one node at a time.
///
/// A node may still be writing for a consumer when it is deleted. So a removal is looked after for a minute, and only
/// when there is nothing left after that is it done with.
package struct ConsumerRemovals: Sendable {
    private static let pageSize: Int64 = 1000
    private static let betweenPages = Duration.milliseconds(20)
    private static let interval = Duration.seconds(10)
    private static let lookedAfter = Duration.seconds(60)

    private let loop: EventLoop
    private let database: Database
    private let logger: Logger

    package init(loop: EventLoop, database: Database, logger: Logger) {
        self.loop = loop
        self.database = database
        self.logger = logger
    }

    /// Runs until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            do {
                try await clear()
            } catch {
                logger.debug("a deleted consumer's rows could not be cleared up", ["error": "\(error)"])
            }
            try? await loop.sleep(for: Self.interval)
        }
    }

    /// Goes once through all removals that there are.
    package func clear(lookedAfter: Duration = lookedAfter) async throws {
        var last: Removal?
        while let removal = try await next(after: last) {
            while try await deletePage(of: removal) { try await loop.sleep(for: Self.betweenPages) }
            try await end(removal, olderThan: lookedAfter)
            last = removal
        }
    }

    private struct Removal: RowDecodable {
        let tenant: ID<Tenant>
        let consumer: ID<Consumer>

        init(row: inout Row) throws {
            tenant = try row.next()
            consumer = try row.next()
        }
    }

    private func next(after last: Removal?) async throws -> Removal? {
        let (tenant, consumer) = (last?.tenant ?? .least, last?.consumer ?? .least)
        return try await database.job { tx in
            try await tx.first(
                """
                SELECT tenant_id, consumer_id FROM consumer_removal
                WHERE (tenant_id, consumer_id) > (\(tenant), \(consumer)) ORDER BY tenant_id, consumer_id LIMIT 1
                """, as: Removal.self)
        }
    }

    /// Without joins: while statistics know little of a consumer, they would be nested loops over all its rows.
    /// - Returns: whether there may be more.
    private func deletePage(of removal: Removal) async throws -> Bool {
        try await database.job { tx in
            let rows = try await tx.execute(
                """
                DELETE FROM delivery WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM delivery WHERE tenant_id = \(removal.tenant)
                        AND consumer_id = \(removal.consumer) LIMIT \(Self.pageSize)))
                """)
            let attempts = try await tx.execute(
                """
                DELETE FROM delivery_attempt WHERE tenant_id = \(removal.tenant)
                    AND consumer_id = \(removal.consumer) AND id <= (
                    SELECT max(id) FROM (
                        SELECT id FROM delivery_attempt WHERE tenant_id = \(removal.tenant)
                            AND consumer_id = \(removal.consumer) ORDER BY id LIMIT \(Self.pageSize)) AS page)
                """)
            return max(rows, attempts) >= Int(Self.pageSize)
        }
    }

    private func end(_ removal: Removal, olderThan age: Duration) async throws {
        try await database.job { tx in
            _ = try await tx.execute(
                """
                DELETE FROM consumer_removal WHERE tenant_id = \(removal.tenant)
                    AND consumer_id = \(removal.consumer)
                    AND created_at < clock_timestamp() - \(Int64(age.milliseconds)) * interval '1 millisecond'
                """)
        }
    }
}
