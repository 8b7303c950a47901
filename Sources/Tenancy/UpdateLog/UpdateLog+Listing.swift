import Platform

extension UpdateLog {
    /// What narrows a list of updates. Times are looked for in the days concerned only; kinds and chats have no index,
    /// so that logging costs less.
    package struct Filter: Sendable {
        package var kind: String?
        package var chatID: Int64?
        /// Received at this moment or later.
        package var from: Timestamp?
        /// Received before this moment.
        package var until: Timestamp?

        package init() {}

        fileprivate var isSparse: Bool { kind != nil || chatID != nil }

        fileprivate func inTime(_ bot: ID<Bot>, before position: Int64?, in tx: TenantTransaction) -> SQL {
            var condition: SQL = "tenant_id = \(tx.tenant) AND bot_id = \(bot)"
            if let position { condition = condition + " AND position < \(position)" }
            if let from {
                condition =
                    condition + " AND day >= (\(from) AT TIME ZONE 'UTC')::date AND received_at >= \(from)"
            }
            if let until {
                condition =
                    condition + " AND day <= (\(until) AT TIME ZONE 'UTC')::date AND received_at < \(until)"
            }
            return condition
        }

        fileprivate var other: SQL {
            var condition: SQL = ""
            if let kind { condition = condition + " AND kind = \(kind)" }
            if let chatID { condition = condition + " AND chat_id = \(chatID)" }
            return condition
        }
    }

    /// Some updates of a bot, newest first.
    package struct Listing: Sendable {
        package let updates: [LoggedUpdate]
        /// The position before which the list goes on; nil at its end.
        package let next: Int64?
    }

    /// How many updates are looked through for one page: a filter that matches hardly anything gives short, even
    /// empty, pages rather than a walk through the whole log.
    static let lookedThrough: Int64 = 20_000

    /// Of payload, for one page. A first update that is larger comes alone.
    static let pageBytes = 2 << 20

    package static func list(
        _ bot: ID<Bot>, _ filter: Filter, before position: Int64?, limit: Int,
        lookingThrough window: Int64 = lookedThrough, in tx: TenantTransaction
    ) async throws -> Listing {
        let inTime = filter.inTime(bot, before: position, in: tx)
        var floor: Int64?
        if filter.isSparse {
            let scanned = try await tx.first(
                """
                SELECT min(position), count(*) FROM (
                    SELECT position FROM update_log WHERE \(inTime) ORDER BY position DESC LIMIT \(window))
                    AS scanned
                """, as: Scanned.self)
            floor = scanned.flatMap { $0.count == window ? $0.least : nil }
        }
        let above: SQL = floor.map { " AND position >= \($0)" } ?? ""
        let rows = try await tx.all(
            page(inTime + filter.other + above, limit: limit), as: Listed.self)
        let hasMore = rows.first.map { rows.count < $0.count } ?? false
        return Listing(updates: rows.map(\.update), next: hasMore ? rows.last?.update.position : floor)
    }

    /// The newest updates, at most `limit` and `pageBytes`, each with how many there are for the limit and one more.
    private static func page(_ condition: SQL, limit: Int) -> SQL {
        let columns = LoggedUpdate.columns
        // Only what is stored compressed has to be opened to know how long it is.
        return """
            SELECT count, \(columns) FROM (
                SELECT *, count(*) OVER () AS count, row_number() OVER place AS place, sum(bytes) OVER place AS bytes_so_far
                FROM (
                    SELECT \(columns),
                        CASE WHEN pg_column_compression(payload) IS NULL THEN pg_column_size(payload)
                            ELSE octet_length(payload::text) END AS bytes
                    FROM update_log WHERE \(condition)
                    ORDER BY position DESC LIMIT \(Int64(limit) + 1)) AS next
                WINDOW place AS (ORDER BY position DESC)) AS page
            WHERE place <= \(Int64(limit)) AND (bytes_so_far <= \(Int64(pageBytes)) OR place = 1)
            ORDER BY position DESC
            """
    }

    /// - Returns: nil when the log does not hold it, or no more.
    package static func find(
        _ updateID: Int64, of bot: ID<Bot>, in tx: TenantTransaction
    ) async throws -> LoggedUpdate? {
        try await tx.first(
            """
            SELECT \(LoggedUpdate.columns) FROM update_log
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot) AND update_id = \(updateID)
            ORDER BY day DESC LIMIT 1
            """)
    }

    private struct Listed: RowDecodable {
        let count: Int64
        let update: LoggedUpdate
        init(row: inout Row) throws {
            count = try row.next()
            update = try LoggedUpdate(row: &row)
        }
    }

    private struct Scanned: RowDecodable {
        let least: Int64?
        let count: Int64
        init(row: inout Row) throws {
            least = try row.next()
            count = try row.next()
        }
    }
}
