import Platform

/// What a look for updates of a pull consumer begins with: its settings and cursors, read under the lock of the
/// cursor's row, which pulls and acknowledgements of a consumer take turns for.
struct PullState: RowDecodable {
    let kind: Consumer.Kind
    let status: Consumer.Status
    let bot: BotKey
    let kinds: Set<String>?
    let ordering: Consumer.Ordering
    let visibility: Duration
    let createdAt: Timestamp
    let awaitedUntil: Timestamp?
    /// The database's clock; a little early when the lock had to be waited for.
    let now: Timestamp
    let main: PullCursor
    let express: PullCursor

    init(row: inout Row) throws {
        kind = try row.next()
        status = try row.next()
        bot = try BotKey(row: &row)
        kinds = try row.next([String]?.self).map(Set.init)
        ordering = try row.next()
        visibility = .milliseconds(Int(try row.next(Int32.self)))
        createdAt = try row.next()
        awaitedUntil = try row.next()
        now = try row.next()
        main = try PullCursor(row: &row)
        express = try PullCursor(row: &row)
    }

    /// Of no other consumer than the tenant's own, of a bot that is there.
    static func lock(_ consumer: ID<Consumer>, of tenant: ID<Tenant>) -> SQL {
        """
        SELECT c.type, c.status, c.tenant_id, c.bot_id, c.kinds, c.ordering, c.visibility_ms, c.created_at,
            k.awaited_until, clock_timestamp(), k.position, k.settled, k.pull_from, k.express_position,
            k.express_settled, k.express_pull_from
        FROM consumer AS c JOIN consumer_cursor AS k ON k.tenant_id = c.tenant_id AND k.consumer_id = c.id
        WHERE c.tenant_id = \(tenant) AND c.id = \(consumer) AND c.type <> 'replay'
            AND EXISTS (SELECT FROM bot WHERE tenant_id = c.tenant_id AND id = c.bot_id AND status <> 'deleted')
        FOR UPDATE OF k
        """
    }
}

/// One of the two cursors of a pull consumer.
struct PullCursor: Equatable, Sendable {
    /// Everything up to here is settled,
    var position: Int64
    /// and these above it, in ascending order.
    var settled: [Int64]
    /// Up to here what is not settled is a handout.
    var from: Int64

    init(position: Int64, settled: [Int64] = [], from: Int64 = 0) {
        self.position = position
        self.settled = settled
        self.from = max(from, position)
    }

    init(row: inout Row) throws {
        self.init(position: try row.next(), settled: try row.next(), from: try row.next())
    }
}

/// An update that was handed out and has not been acknowledged.
struct PullHandout: RowDecodable, Equatable {
    let position: Int64
    let lane: String
    /// The express cursor keeps account of those with one.
    let deadline: Timestamp?
    let bytes: Int32
    /// From then on it may be handed out again.
    let visibleAt: Timestamp

    static func all(of consumer: ID<Consumer>, _ tenant: ID<Tenant>) -> SQL {
        """
        SELECT position, lane, deadline, bytes, visible_at FROM pull_handout
        WHERE tenant_id = \(tenant) AND consumer_id = \(consumer) ORDER BY position
        """
    }
}

extension PullHandout {
    init(row: inout Row) throws {
        position = try row.next()
        lane = try row.next()
        deadline = try row.next()
        bytes = try row.next()
        visibleAt = try row.next()
    }
}

/// What the log holds behind a cursor, without the payloads.
struct PullScan {
    struct Entry: RowDecodable, Equatable {
        let position: Int64
        let kind: String
        let lane: String
        let deadline: Timestamp?
        let bytes: Int32
    }

    /// In ascending order of position.
    var entries: [Entry] = []
    /// The limit ended it, not the log.
    var isCut = false

    /// Updates without a deadline are the main cursor's; it meets the others, too, and steps over them.
    static func main(of consumer: ID<Consumer>, _ tenant: ID<Tenant>, limit: Int) -> SQL {
        scan("greatest(k.position, k.pull_from)", "", consumer, tenant, limit)
    }

    static func express(of consumer: ID<Consumer>, _ tenant: ID<Tenant>, limit: Int) -> SQL {
        scan(
            "greatest(k.express_position, k.express_pull_from)", "AND deadline IS NOT NULL", consumer, tenant,
            limit)
    }

    private static func scan(
        _ start: SQL, _ condition: SQL, _ consumer: ID<Consumer>, _ tenant: ID<Tenant>, _ limit: Int
    ) -> SQL {
        // Only what is stored compressed, or apart, has to be opened to know how long it is.
        """
        SELECT l.position, l.kind, l.lane, l.deadline,
            CASE WHEN pg_column_compression(l.payload) IS NULL THEN pg_column_size(l.payload)
                ELSE octet_length(l.payload::text) END
        FROM consumer AS c JOIN consumer_cursor AS k ON k.tenant_id = c.tenant_id AND k.consumer_id = c.id
        CROSS JOIN LATERAL (
            SELECT position, kind, lane, deadline, payload FROM update_log
            WHERE tenant_id = c.tenant_id AND bot_id = c.bot_id AND position > \(start) \(condition)
            ORDER BY position LIMIT \(Int64(limit))) AS l
        WHERE c.tenant_id = \(tenant) AND c.id = \(consumer)
        ORDER BY l.position
        """
    }

    init(entries: [Entry] = [], isCut: Bool = false) {
        self.entries = entries
        self.isCut = isCut
    }

    init(_ rows: PostgresRows, limit: Int) throws {
        self.init(entries: try rows.decoded(), isCut: rows.count >= limit)
    }
}

extension PullScan.Entry {
    init(row: inout Row) throws {
        position = try row.next()
        kind = try row.next()
        lane = try row.next()
        deadline = try row.next()
        bytes = try row.next()
    }
}
