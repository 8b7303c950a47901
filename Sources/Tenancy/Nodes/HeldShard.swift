import Platform

/// A shard that a node holds, and under which epoch: as it is in the table `shard`.
struct HeldShard: RowDecodable, Sendable, Hashable {
    let shard: Int
    let epoch: Int64

    init(row: inout Row) throws {
        shard = Int(try row.next(Int16.self))
        epoch = try row.next()
    }
}

extension HeldShard {
    /// Renews what `node` holds and takes of what nobody holds, up to `share` in all.
    /// - Returns: what it holds now, also when that is more than its share.
    static func hold(
        upTo share: Int, for node: ID<Node>, time: Duration, in tx: PlatformTransaction
    ) async throws -> [HeldShard] {
        // By chance, so that two nodes that look at once do not go for the same ones.
        try await tx.all(
            """
            WITH own AS (
                SELECT id FROM shard WHERE node_id = \(node) AND expires_at >= now() FOR UPDATE SKIP LOCKED
            ), free AS (
                SELECT id FROM shard WHERE expires_at < now() ORDER BY random()
                LIMIT greatest(0, \(Int64(share)) - (SELECT count(*) FROM own)) FOR UPDATE SKIP LOCKED
            )
            UPDATE shard SET node_id = \(node),
                epoch = CASE WHEN node_id = \(node) AND expires_at >= now() THEN epoch ELSE epoch + 1 END,
                expires_at = now() + \(time.milliseconds) * interval '1 ms'
            WHERE id IN (SELECT id FROM own UNION ALL SELECT id FROM free)
            RETURNING id, epoch
            """, as: HeldShard.self)
    }

    /// Only what is still held under the same epoch.
    static func giveBack(_ shards: [HeldShard], of node: ID<Node>, in tx: PlatformTransaction) async throws {
        try await tx.execute(
            """
            UPDATE shard SET node_id = NULL, expires_at = '-infinity'
            FROM unnest(\(shards.map { Int32($0.shard) }), \(shards.map(\.epoch))) AS given (id, epoch)
            WHERE shard.id = given.id AND shard.epoch = given.epoch AND shard.node_id = \(node)
            """)
    }
}
