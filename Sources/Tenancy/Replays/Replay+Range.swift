import Platform

extension Replay {
    /// What of the log a replay is about, as the log stands when it is asked for.
    package struct Range: Sendable {
        let first: Int64?
        let last: Int64?

        static let empty = Range(first: nil, last: nil)
    }

    /// How many updates of a range match.
    package struct Size: Sendable, RowDecodable {
        let total: Int64
        /// Those that have a deadline: it is over by now, or nearly so.
        let expired: Int64

        package init(row: inout Row) throws {
            total = try row.next()
            expired = try row.next()
        }
    }

    /// Counting takes no longer than this.
    private static let countingTime = Duration.seconds(4)

    package static func range(
        _ new: New, of consumer: Consumer, in tx: TenantTransaction
    ) async throws -> Range {
        let log = LogTimes(bot: consumer.bot, days: new.isInDays)
        guard let edges = try await log.edges(in: tx),
            let first = try await log.first(at: new.from, within: edges, in: tx)
        else { return .empty }
        guard let end = try await log.first(at: new.to, within: edges, in: tx) else {
            return Range(first: first, last: edges.last.position)
        }
        guard first < end else { return .empty }
        return Range(first: first, last: try await log.last(before: end, in: tx))
    }

    /// Needs a transaction of its own, since it may end it: on `Uncountable`.
    /// - Throws: `Uncountable` when there are too many to be counted in time.
    package static func size(
        _ new: New, of range: Range, _ consumer: Consumer, in tx: TenantTransaction
    ) async throws -> Size {
        do {
            try await tx.execute("SET LOCAL statement_timeout = \(literal: "\(countingTime.milliseconds)")")
            let size = try await tx.first(
                """
                SELECT count(*), count(*) FILTER (WHERE deadline IS NOT NULL) FROM update_log
                WHERE tenant_id = \(tx.tenant) AND bot_id = \(consumer.bot.bot) AND \(new.isInDays)
                    AND position BETWEEN \(range.first) AND \(range.last)
                    AND \(matches(kinds: new.kinds ?? consumer.kinds, chatID: new.chatID))
                """, as: Size.self)
            guard let size else { throw PostgresError.unexpectedResult("no row from count") }
            return size
        } catch let error as PostgresError where error.isTimeOut {
            throw Uncountable()
        }
    }

    package struct Uncountable: Error {}

    /// Of update_log.
    static func matches(kinds: [String]?, chatID: Int64?) -> SQL {
        """
        kind <> \(UpdateKind.adminCommand) AND (\(kinds)::text[] IS NULL OR kind = ANY(\(kinds)))
            AND (\(chatID)::bigint IS NULL OR chat_id = \(chatID))
        """
    }
}

extension Replay.New {
    /// The days are named so that others are not looked at.
    fileprivate var isInDays: SQL {
        "day >= (\(from) AT TIME ZONE 'UTC')::date AND day <= (\(to) AT TIME ZONE 'UTC')::date"
    }
}

extension PostgresError {
    fileprivate var isTimeOut: Bool {
        switch self {
        case .timedOut: true
        case .server(let error): error.sqlState == "57014"
        default: false
        }
    }
}
