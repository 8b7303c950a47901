import Platform

/// Finds the consumers that have not got all of a day that is about to go, and notes exactly what they miss of it.
struct GapFinder: Sendable {
    private static let pageSize: Int64 = 1000

    let database: Database
    let events: ConsumerEvents
    let logger: Logger

    private struct Lagging: RowDecodable {
        let tenant: ID<Tenant>
        let consumer: ID<Consumer>

        static let least = Lagging(tenant: .least, consumer: .least)

        private init(tenant: ID<Tenant>, consumer: ID<Consumer>) {
            self.tenant = tenant
            self.consumer = consumer
        }

        init(row: inout Row) throws {
            tenant = try row.next()
            consumer = try row.next()
        }
    }

    /// - Parameters:
    ///   - day: as in 20260131.
    ///   - tenants: whose consumers; nil: of all.
    /// - Returns: whether all of them are told.
    func tell(of day: String, tenants: [ID<Tenant>]?) async throws -> Bool {
        var (last, isTold) = (Lagging.least, true)
        while true {
            let page = try await lagging(day, tenants, after: last)
            for found in page {
                try Task.checkCancellation()
                do {
                    try await tell(found, of: day)
                } catch {
                    isTold = false
                    logger.warning(
                        "a consumer could not be told what the retention takes from it",
                        ["consumer": "\(found.consumer)", "error": "\(error)"])
                }
            }
            guard page.count == Int(Self.pageSize), let end = page.last else { return isTold }
            last = end
        }
    }

    private func lagging(_ day: String, _ tenants: [ID<Tenant>]?, after last: Lagging) async throws
        -> [Lagging]
    {
        let isAmong: SQL = tenants.map { "AND c.tenant_id = ANY(\($0))" } ?? ""
        return try await database.job { tx in
            try await tx.all(
                """
                SELECT c.tenant_id, c.id FROM consumer AS c
                JOIN consumer_cursor AS k ON k.tenant_id = c.tenant_id AND k.consumer_id = c.id
                JOIN bot ON bot.tenant_id = c.tenant_id AND bot.id = c.bot_id AND bot.status <> 'deleted'
                WHERE (c.tenant_id, c.id) > (\(last.tenant), \(last.consumer)) \(isAmong)
                    AND c.type IN ('push', 'pull') AND (
                        EXISTS (SELECT FROM update_log AS l WHERE l.tenant_id = c.tenant_id AND l.bot_id = c.bot_id
                            AND l.day = \(day)::text::date AND l.position > k.position)
                        OR EXISTS (SELECT FROM update_log AS l WHERE l.tenant_id = c.tenant_id
                            AND l.bot_id = c.bot_id AND l.day = \(day)::text::date
                            AND l.position > k.express_position AND l.deadline IS NOT NULL))
                ORDER BY c.tenant_id, c.id LIMIT \(Self.pageSize)
                """, as: Lagging.self)
        }
    }

    /// What an earlier day has left that nobody could be told of is told with this one.
    private func tell(_ found: Lagging, of day: String) async throws {
        let begun = try await database.read(found.tenant) { tx in
            try await Missing(of: found.consumer, until: day, in: tx)
        }
        guard var missing = begun else { return }
        while let further = try await database.read(
            found.tenant, { [missing] tx in try await missing.countingOn(in: tx) })
        {
            try Task.checkCancellation()
            missing = further
        }
        let told = try await database.write(found.tenant) { [missing] tx in
            let told = try await missing.note(in: tx)
            if let (consumer, gap) = told, let gap { try await events.record(.missed(gap), consumer, tx) }
            return told
        }
        if let (consumer, gap) = told, let gap { events.tell(.missed(gap), consumer) }
    }
}
