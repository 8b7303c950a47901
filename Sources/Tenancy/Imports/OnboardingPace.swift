import Platform

/// How fast Telegram may be shown tokens that it has not seen from this address before: so many a minute, evenly, and
/// at most 36 times as many an hour. Telegram's own limits are about 20 and 600.
package struct OnboardingPace: Sendable {
    package let perMinute: Int

    package init(perMinute: Int) { self.perMinute = perMinute }

    var interval: Duration { .seconds(60) / perMinute }
    var perHour: Int { perMinute * 36 }

    /// How long `count` take, begun now.
    package func time(for count: Int) -> Duration {
        let hours = max(0, count - 1) / perHour
        return .seconds(3600 * hours) + interval * (count - hours * perHour)
    }

    /// How many were shown within the last hour: bots connected in whatever way, and those that came to nothing.
    static func shownLately(in tx: PlatformTransaction) async throws -> Int {
        let count = try await tx.value(
            """
            SELECT (SELECT count(*) FROM bot WHERE created_at > statement_timestamp() - interval '1 hour')
                + (SELECT count(*) FROM bot_import_item WHERE attempts > 0 AND bot_id IS NULL
                    AND updated_at > statement_timestamp() - interval '1 hour')
            """, as: Int64.self)
        return Int(count ?? 0)
    }
}

extension BotImport {
    /// Bots of all tenants that wait, and how many tenants they are of: they take turns.
    package struct Queue: Sendable, RowDecodable {
        let bots: Int
        let tenants: Int

        package init(row: inout Row) throws {
            bots = Int(try row.next(Int64.self))
            tenants = Int(try row.next(Int64.self))
        }

        package static func find(in tx: PlatformTransaction) async throws -> Queue? {
            try await tx.first(
                """
                SELECT coalesce(sum(total - registered - failed), 0)::bigint, count(DISTINCT tenant_id)
                FROM bot_import WHERE status = 'running'
                """)
        }
    }

    /// When it will have ended, if nothing has to be tried twice; nil when it has.
    package func estimatedFinish(_ queue: Queue?, pace: OnboardingPace, now: Timestamp = .now) -> Timestamp? {
        guard status == .running else { return nil }
        let ahead = min(queue?.bots ?? waiting, waiting * max(1, queue?.tenants ?? 1))
        return now + pace.time(for: max(waiting, ahead))
    }
}
