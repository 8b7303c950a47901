import Platform

/// Takes and keeps shards for this node: every shard that nobody holds, renewed well before its lease runs out.
package actor ShardKeeper {
    private static let leaseTime = Duration.seconds(10)
    private static let interval = Duration.seconds(2)

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private let node: ID<Node>
    private let leases: ShardLeases
    private let logger: Logger
    private let onTaken: @Sendable (Set<Int>) -> Void

    /// - Parameter onTaken: told which shards have newly become this node's.
    package init(
        loop: EventLoop, database: Database, node: ID<Node>, leases: ShardLeases, logger: Logger,
        onTaken: @escaping @Sendable (Set<Int>) -> Void
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
        self.node = node
        self.leases = leases
        self.logger = logger
        self.onTaken = onTaken
    }

    /// Runs until the task is cancelled.
    package func run() async throws {
        while true {
            do {
                try await renew()
            } catch let error as CancellationError {
                throw error
            } catch {
                logger.debug("shard leases could not be renewed", ["error": "\(error)"])
            }
            try await loop.sleep(for: Self.interval)
        }
    }

    private struct Held: RowDecodable {
        let shard: Int
        let epoch: Int64
        init(row: inout Row) throws {
            shard = Int(try row.next(Int16.self))
            epoch = try row.next()
        }
    }

    private func renew() async throws {
        // Counted from before the question, so that this node's idea of the end is never later than the database's.
        let end = ContinuousClock.now + Self.leaseTime
        let held = try await database.upkeep.withConnection { connection in
            try await connection.all(
                """
                UPDATE shard SET node_id = \(node),
                    epoch = CASE WHEN node_id = \(node) AND expires_at >= now() THEN epoch ELSE epoch + 1 END,
                    expires_at = now() + \(Int32(Self.leaseTime.components.seconds)) * interval '1 second'
                WHERE id IN (SELECT id FROM shard WHERE node_id = \(node) OR expires_at < now() FOR UPDATE SKIP LOCKED)
                RETURNING id, epoch
                """, as: Held.self)
        }
        let fresh = leases.replace(held.map { ($0.shard, $0.epoch) }, until: end)
        guard !fresh.isEmpty else { return }
        logger.info("shards taken", ["count": fresh.count, "held": held.count])
        onTaken(fresh)
    }

    /// Gives all shards back, so that another node need not wait for the leases to run out. Call when deliveries
    /// have stopped and the cursors are written.
    package func release() async {
        _ = leases.replace([], until: .now)
        do {
            try await database.upkeep.withConnection { connection in
                _ = try await connection.execute(
                    """
                    UPDATE shard SET node_id = NULL, expires_at = '-infinity' WHERE node_id = \(node)
                    """)
            }
        } catch {
            logger.warning(
                "shard leases could not be given back; they run out by themselves", ["error": "\(error)"])
        }
    }
}

/// A running `rookery serve`.
package enum Node: Identified {
    package static let prefix = "node"
}
