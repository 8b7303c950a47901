import Platform

/// Finds what one consumer misses of a day that goes, and of what is left of days before it: updates that it wants and
/// that its cursors do not have as settled.
///
/// A backlog may be as long as the log, so it is counted page by page, each in a transaction of its own and with nothing
/// locked. Where a cursor has gone on meanwhile, only the pages that it is in are counted again: a moment, for which it
/// may be locked.
struct Missing: Sendable {
    static let pageSize: Int64 = 20_000
    /// Behind a locked cursor the deliveries of a whole loop wait.
    private static let lockedTime = Duration.seconds(1)

    /// What is counted is not what the consumer wants any more.
    struct Outdated: Error {}

    /// As they stood when the counting began.
    private let consumer: Consumer
    private let stand: Stand
    /// As in 20260131.
    private let day: String
    /// The last position of these days, wanted or not.
    private let end: Int64
    private let pageSize: Int64
    private var main: [MissedPage] = []
    private var express: [MissedPage] = []

    /// Where the consumer's cursors stand.
    struct Stand: Sendable, RowDecodable {
        let main: CursorStand
        let express: CursorStand

        init(row: inout Row) throws {
            main = CursorStand(position: try row.next(), settled: try row.next())
            express = CursorStand(position: try row.next(), settled: try row.next())
        }
    }

    /// - Returns: nil when the consumer is gone, or the days.
    init?(
        of id: ID<Consumer>, until day: String, pageSize: Int64 = pageSize, in tx: TenantTransaction
    ) async throws {
        guard let (consumer, stand) = try await Self.find(id, "", in: tx) else { return nil }
        let end = try await tx.value(
            """
            SELECT position FROM update_log
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(consumer.bot.bot) AND day <= \(day)::text::date
            ORDER BY position DESC LIMIT 1
            """, as: Int64.self)
        guard let end else { return nil }
        (self.consumer, self.stand, self.day, self.end) = (consumer, stand, day, end)
        self.pageSize = pageSize
    }

    private static func find(
        _ id: ID<Consumer>, _ lock: SQL, in tx: TenantTransaction
    ) async throws -> (Consumer, Stand)? {
        let stand = try await tx.first(
            """
            SELECT position, settled, express_position, express_settled FROM consumer_cursor
            WHERE tenant_id = \(tx.tenant) AND consumer_id = \(id) \(lock)
            """, as: Stand.self)
        let consumer = try await tx.first(
            "SELECT \(Consumer.columns) FROM consumer WHERE tenant_id = \(tx.tenant) AND id = \(id)",
            as: Consumer.self)
        guard let stand, let consumer else { return nil }
        return (consumer, stand)
    }

    /// - Returns: with one page more; nil when all are counted.
    func countingOn(in tx: TenantTransaction) async throws -> Missing? {
        var further = self
        let (mainEnd, expressEnd) = (
            main.last?.last ?? stand.main.position, express.last?.last ?? stand.express.position
        )
        if mainEnd < end {
            further.main.append(try await count(stand.main, mainEnd, end, isExpress: false, pageSize, in: tx))
        } else if expressEnd < end {
            further.express.append(
                try await count(stand.express, expressEnd, end, isExpress: true, pageSize, in: tx))
        } else {
            return nil
        }
        return further
    }

    /// - Parameter most: rows to look at.
    private func count(
        _ stand: CursorStand, _ after: Int64, _ end: Int64, isExpress: Bool, _ most: Int64?,
        in tx: TenantTransaction
    ) async throws -> MissedPage {
        // Few have a deadline, and those have an index. The others are not looked for: their page would have no bound.
        let isLooked: SQL = isExpress ? "AND deadline IS NOT NULL" : ""
        let isMissed: SQL = """
            FILTER (WHERE done.position IS NULL AND (deadline IS NOT NULL) = \(isExpress)
                AND kind <> \(UpdateKind.adminCommand)
                AND (\(consumer.kinds)::text[] IS NULL OR kind = ANY(\(consumer.kinds))))
            """
        // A full join cannot be a nested loop, however few rows the planner expects. What is settled beyond the page is
        // joined to nothing, and does not count.
        let page = try await tx.first(
            """
            SELECT \(after)::bigint, CASE WHEN count(log.position) >= \(most) THEN max(log.position) ELSE \(end) END,
                count(*) \(isMissed), min(log.position) \(isMissed), max(log.position) \(isMissed),
                min(received_at) \(isMissed), max(received_at) \(isMissed)
            FROM (
                SELECT position, received_at, kind, deadline FROM update_log
                WHERE tenant_id = \(tx.tenant) AND bot_id = \(consumer.bot.bot) AND day <= \(day)::text::date
                    AND position > \(after) AND position <= \(end) \(isLooked)
                ORDER BY position LIMIT \(most)) AS log
            FULL JOIN unnest(\(stand.settled)) AS done (position) ON done.position = log.position
            """, as: MissedPage.self)
        guard let page else { throw PostgresError.unexpectedResult("no row from count") }
        return page
    }

    /// Locks the cursors, moves them past the days, and notes what they have missed.
    /// - Returns: nil when the consumer is gone; without a gap when nothing was missed.
    /// - Throws: `Outdated`, or what says that the time is over, when it must be counted anew.
    func note(in tx: TenantTransaction) async throws -> (Consumer, ConsumerGap?)? {
        guard let (consumer, stand) = try await Self.find(consumer.id, "FOR UPDATE", in: tx) else {
            return nil
        }
        guard consumer.kinds == self.consumer.kinds else { throw Outdated() }
        try await tx.execute("SET LOCAL statement_timeout = \(literal: "\(Self.lockedTime.milliseconds)")")
        let missed = Missed.sum([
            try await missed(main, self.stand.main, stand.main, isExpress: false, in: tx),
            try await missed(express, self.stand.express, stand.express, isExpress: true, in: tx),
        ])
        try await moveOn(in: tx)
        guard let missed else { return (consumer, nil) }
        let gap = try await tx.first(
            """
            INSERT INTO consumer_gap (tenant_id, id, consumer_id, first_position, last_position, first_received_at,
                last_received_at, count)
            VALUES (\(tx.tenant), \(ID<ConsumerGap>()), \(consumer.id), \(missed.first), \(missed.last),
                \(missed.firstAt), \(missed.lastAt), \(missed.count))
            RETURNING \(ConsumerGap.columns)
            """, as: ConsumerGap.self)
        return (consumer, gap)
    }

    /// A cursor only goes on, so what lay beyond its reach and still does is as it was counted.
    private func missed(
        _ pages: [MissedPage], _ counted: CursorStand, _ stand: CursorStand, isExpress: Bool,
        in tx: TenantTransaction
    ) async throws -> Missed? {
        guard stand != counted else { return Missed.sum(pages.map(\.missed)) }
        let reach = stand.reach
        let (reached, beyond) = (pages.prefix { $0.after < reach }, pages.drop { $0.after < reach })
        var parts = beyond.map(\.missed)
        if let last = reached.last?.last, last > stand.position {
            let again = try await count(stand, stand.position, last, isExpress: isExpress, nil, in: tx)
            parts.append(again.missed)
        }
        return Missed.sum(parts)
    }

    /// Never backwards. What was handed out of the days can be handed out no more.
    private func moveOn(in tx: TenantTransaction) async throws {
        try await tx.execute(
            """
            UPDATE consumer_cursor SET position = greatest(position, \(end)),
                settled = ARRAY(SELECT s FROM unnest(settled) AS s WHERE s > greatest(position, \(end))),
                express_position = greatest(express_position, \(end)),
                express_settled = ARRAY(SELECT s FROM unnest(express_settled) AS s
                    WHERE s > greatest(express_position, \(end)))
            WHERE tenant_id = \(tx.tenant) AND consumer_id = \(consumer.id)
            """)
        try await tx.execute(
            """
            DELETE FROM pull_handout
            WHERE tenant_id = \(tx.tenant) AND consumer_id = \(consumer.id) AND position <= \(end)
            """)
    }
}
