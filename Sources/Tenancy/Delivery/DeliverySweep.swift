import Platform

/// Finds the bots that have something to deliver, for a node that has just taken their shards: whoever held them
/// before may have left a backlog.
package struct DeliverySweep: Sendable {
    private static let pageSize = 5000

    private let database: Database
    private let logger: Logger

    package init(database: Database, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    /// Wakes the deliveries of those bots of `shards` whose push consumers lag behind the log or have rows to work
    /// off. Tries again until it has been through all; ends early when the shards are lost again.
    package func run(_ shards: Set<Int>, leases: ShardLeases, into deliveries: Deliveries, on loop: EventLoop)
        async
    {
        while shards.contains(where: { leases.epoch(of: $0) != nil }) {
            do {
                return try await find(shards) { deliveries.wake($0) }
            } catch {
                logger.debug("the sweep for backlogs failed", ["error": "\(error)"])
                guard (try? await loop.sleep(for: .seconds(1))) != nil else { return }
            }
        }
    }

    private func find(_ shards: Set<Int>, found: ([BotKey]) -> Void) async throws {
        struct Lagging: RowDecodable {
            let consumer: ID<Consumer>
            let isLagging: Bool
            let key: BotKey
            init(row: inout Row) throws {
                consumer = try row.next()
                isLagging = try row.next()
                key = try BotKey(row: &row)
            }
        }
        var last: (tenant: ID<Tenant>, consumer: ID<Consumer>) = (.least, .least)
        while true {
            let page = try await database.system.withConnection { [last] connection in
                try await connection.all(
                    """
                    SELECT c.id,
                        EXISTS (SELECT FROM update_log AS l WHERE l.tenant_id = c.tenant_id AND l.bot_id = c.bot_id
                            AND l.position > coalesce(cursor.position, 0))
                        OR EXISTS (SELECT FROM update_log AS l WHERE l.tenant_id = c.tenant_id AND l.bot_id = c.bot_id
                            AND l.deadline IS NOT NULL AND l.position > coalesce(cursor.express_position, 0))
                        OR EXISTS (SELECT FROM delivery AS d WHERE d.tenant_id = c.tenant_id AND d.consumer_id = c.id
                            AND d.status = 'retrying'),
                        c.tenant_id, c.bot_id
                    FROM consumer AS c LEFT JOIN consumer_cursor AS cursor
                        ON cursor.tenant_id = c.tenant_id AND cursor.consumer_id = c.id
                    WHERE (c.tenant_id, c.id) > (\(last.tenant), \(last.consumer))
                        AND c.status = 'active' AND (c.type = 'push' OR EXISTS (
                            SELECT FROM replay AS r WHERE r.tenant_id = c.tenant_id AND r.consumer_id = c.id
                                AND r.status <> 'cancelled'))
                        AND get_byte(uuid_send(c.bot_id), 15) % \(Int32(Shard.count)) = ANY(\(shards.map(Int32.init)))
                    ORDER BY c.tenant_id, c.id LIMIT \(Int64(Self.pageSize))
                    """, as: Lagging.self)
            }
            found(page.filter(\.isLagging).map(\.key))
            guard page.count == Self.pageSize, let end = page.last else { return }
            last = (end.key.tenant, end.consumer)
        }
    }
}
