import Platform

/// How a bot fared in one hour: a row of `bot_hour`.
package enum BotHour {
    /// Adds to the present hour. Not waited for by anybody, so it does not wait for the disk either.
    static func add(_ rows: [(bot: BotKey, counts: TrafficCounts)], in tx: PlatformTransaction) async throws {
        try await tx.execute("SELECT set_config('synchronous_commit', 'off', true)")
        let counts = rows.map(\.counts)
        // In the key's order, as every loop and node takes the rows' locks.
        try await tx.execute(
            """
            INSERT INTO bot_hour AS h (tenant_id, bot_id, day, hour, stored, repeated, wrong_secret, limited, forbidden,
                invalid, failed, delivered, delivery_failed, ingest_times, delivery_times, last_stored_at,
                last_refused_at)
            SELECT tenant_id, bot_id, (now() AT TIME ZONE 'UTC')::date,
                extract(hour FROM now() AT TIME ZONE 'UTC')::smallint, stored, repeated, wrong_secret, limited,
                forbidden, invalid, failed, delivered, delivery_failed, ingest_times::bigint[],
                delivery_times::bigint[], last_stored_at, last_refused_at
            FROM unnest(\(rows.map(\.bot.tenant)), \(rows.map(\.bot.bot)), \(counts.map(\.stored)),
                \(counts.map(\.repeated)), \(counts.map(\.wrongSecret)), \(counts.map(\.limited)),
                \(counts.map(\.forbidden)), \(counts.map(\.invalid)), \(counts.map(\.failed)),
                \(counts.map(\.delivered)), \(counts.map(\.deliveryFailed)), \(counts.map { text($0.ingestTimes) }),
                \(counts.map { text($0.deliveryTimes) }), \(counts.map(\.lastStoredAt)),
                \(counts.map(\.lastRefusedAt)))
                AS n (tenant_id, bot_id, stored, repeated, wrong_secret, limited, forbidden, invalid, failed, delivered,
                    delivery_failed, ingest_times, delivery_times, last_stored_at, last_refused_at)
            ORDER BY tenant_id, bot_id
            ON CONFLICT (tenant_id, bot_id, day, hour) DO UPDATE SET
                stored = h.stored + excluded.stored, repeated = h.repeated + excluded.repeated,
                wrong_secret = h.wrong_secret + excluded.wrong_secret, limited = h.limited + excluded.limited,
                forbidden = h.forbidden + excluded.forbidden, invalid = h.invalid + excluded.invalid,
                failed = h.failed + excluded.failed, delivered = h.delivered + excluded.delivered,
                delivery_failed = h.delivery_failed + excluded.delivery_failed,
                ingest_times = \(sum("ingest_times")), delivery_times = \(sum("delivery_times")),
                last_stored_at = greatest(h.last_stored_at, excluded.last_stored_at),
                last_refused_at = greatest(h.last_refused_at, excluded.last_refused_at)
            """)
    }

    /// unnest() would flatten an array of arrays.
    private static func text(_ times: DurationCounts) -> String {
        "{" + times.counts.map { "\($0)" }.joined(separator: ",") + "}"
    }

    private static func sum(_ column: String) -> SQL {
        """
        (SELECT coalesce(array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY place), '{}')
            FROM unnest(h.\(identifier: column), excluded.\(identifier: column)) WITH ORDINALITY AS t (a, b, place))
        """
    }
}
