import Platform

/// Shows how far consumers are behind the log, and what of theirs was not delivered: of the bots whose shards this node
/// holds, the thousand that are furthest behind, and the thousand with most such deliveries.
///
/// Every look takes one page of the consumers; of those looked at before it keeps what it found. So what it costs does
/// not grow with their number, but how old what it shows may be.
package struct ConsumerMetrics: Sendable {
    private static let interval = Duration.seconds(15)
    private static let pageSize: Int64 = 5000
    private static let shown = 1000
    /// Rows looked at of each consumer, to see whether there is anything to count; and of those together that there is.
    private static let probed: Int64 = 100
    private static let counted: Int64 = 500_000
    /// No consumer's are counted further.
    private static let most: Int64 = 100_000

    private let loop: EventLoop
    private let database: Database
    private let leases: ShardLeases
    private let logger: Logger
    private let lagUpdates: GaugeFamily
    private let lagSeconds: GaugeFamily
    private let deliveries: GaugeFamily

    package init(loop: EventLoop, database: Database, leases: ShardLeases, metrics: Metrics, logger: Logger) {
        self.loop = loop
        self.database = database
        self.leases = leases
        self.logger = logger
        lagUpdates = metrics.gauges(
            "rookery_consumer_lag_updates",
            "Updates in the log that a consumer has not got, as far as counted.")
        lagSeconds = metrics.gauges(
            "rookery_consumer_lag_seconds", "The age of the oldest update that a consumer has not got.")
        deliveries = metrics.gauges(
            "rookery_consumer_deliveries", "Updates that left a consumer's fast path, as far as counted.")
    }

    /// Runs until the task is cancelled.
    package func run() async {
        var tally = ConsumerTally()
        while !Task.isCancelled {
            do {
                try await look(&tally)
            } catch {
                logger.debug("the lag of consumers could not be looked up", ["error": "\(error)"])
            }
            guard (try? await loop.sleep(for: Self.interval)) != nil else { return }
        }
    }

    func look(_ tally: inout ConsumerTally) async throws {
        let shards = leases.held
        tally.keep(shards)
        let page = try await measure(page(after: tally.last, shards), upTo: Self.probed)
        let found = page.filter { $0.updates > 0 || $0.hasUndelivered }
        let most = min(Self.most, Self.counted / Int64(max(1, found.count)))
        let isFull = page.count == Int(Self.pageSize)
        tally.take(
            most > Self.probed && !found.isEmpty
                ? try await measure(named(found.map(\.consumer)), upTo: most) : found,
            upTo: isFull ? page.last.map { .init(tenant: $0.key.tenant, consumer: $0.consumer) } : nil)
        show(tally)
    }

    private func show(_ tally: ConsumerTally) {
        let lagging = tally.lagging(Self.shown)
        lagUpdates.replace(lagging.map { .init([("consumer", "\($0.consumer)")], $0.updates) })
        lagSeconds.replace(lagging.map { .init([("consumer", "\($0.consumer)")], $0.seconds) })
        var series: [GaugeFamily.Series] = []
        for found in tally.undelivered(Self.shown) {
            let counts = [("retrying", found.retrying), ("dead", found.dead), ("expired", found.expired)]
            for (status, count) in counts {
                series.append(.init([("consumer", "\(found.consumer)"), ("status", status)], count))
            }
        }
        deliveries.replace(series)
    }

    // MARK: Asking

    private func page(after last: ConsumerTally.Key, _ shards: Set<Int>) -> SQL {
        """
        SELECT consumer.tenant_id, consumer.id, consumer.bot_id, consumer.kinds FROM consumer
        JOIN bot ON bot.tenant_id = consumer.tenant_id AND bot.id = consumer.bot_id AND bot.status <> 'deleted'
        WHERE (consumer.tenant_id, consumer.id) > (\(last.tenant), \(last.consumer))
            AND consumer.type IN ('push', 'pull')
            AND get_byte(uuid_send(consumer.bot_id), 15) % \(Int32(Shard.count)) = ANY(\(shards.map { Int32($0) }))
        ORDER BY consumer.tenant_id, consumer.id LIMIT \(Self.pageSize)
        """
    }

    private func named(_ consumers: [ID<Consumer>]) -> SQL {
        """
        SELECT consumer.tenant_id, consumer.id, consumer.bot_id, consumer.kinds FROM consumer
        WHERE consumer.id = ANY(\(consumers))
        """
    }

    /// In the order of tenant and consumer.
    /// - Parameter most: rows of a kind that are looked at of each.
    private func measure(_ consumers: SQL, upTo most: Int64) async throws -> [ConsumerTally.Found] {
        func rows(_ status: DeliveryRow.Status) -> SQL {
            """
            (SELECT count(*) FROM (SELECT FROM delivery WHERE tenant_id = c.tenant_id AND consumer_id = c.id
                AND status = \(status) LIMIT \(most)) AS counted)
            """
        }
        // A full join, as where the lag of one is asked for (`ConsumerLag`).
        func waiting(after cursor: SQL, _ settled: SQL, scanned: SQL, counted: SQL) -> SQL {
            """
            (SELECT count(*) FILTER (WHERE waits) AS count, min(received_at) FILTER (WHERE waits) AS oldest FROM (
                SELECT log.received_at, done.position IS NULL AND log.kind <> \(UpdateKind.adminCommand)
                    AND (c.kinds IS NULL OR log.kind = ANY(c.kinds)) \(counted) AS waits
                FROM (
                    SELECT position, kind, received_at, deadline FROM update_log
                    WHERE tenant_id = c.tenant_id AND bot_id = c.bot_id AND position > \(cursor) \(scanned)
                    ORDER BY position LIMIT \(most)) AS log
                FULL JOIN unnest(\(settled)) AS done (position) USING (position)) AS looked)
            """
        }
        let main = waiting(after: "k.position", "k.settled", scanned: "", counted: "AND log.deadline IS NULL")
        let express = waiting(
            after: "k.express_position", "k.express_settled", scanned: "AND deadline IS NOT NULL", counted: ""
        )
        return try await database.job { tx in
            try await tx.all(
                """
                SELECT c.id, c.tenant_id, c.bot_id, main.count + express.count,
                    coalesce(extract(epoch FROM clock_timestamp() - least(main.oldest, express.oldest)), 0)::bigint,
                    \(rows(.retrying)), \(rows(.dead)), \(rows(.expired))
                FROM (\(consumers)) AS c
                JOIN consumer_cursor AS k ON k.tenant_id = c.tenant_id AND k.consumer_id = c.id
                CROSS JOIN LATERAL \(main) AS main CROSS JOIN LATERAL \(express) AS express
                ORDER BY c.tenant_id, c.id
                """, as: ConsumerTally.Found.self)
        }
    }
}
