import Platform

/// A running `rookery serve`. Its row says so for as long as it keeps writing it anew.
package enum Node: Identified {
    package static let prefix = "node"

    /// How long nodes hold what they hold without a word of them, and how often they give one.
    package struct Times: Sendable {
        let lease: Duration
        let interval: Duration

        package init(lease: Duration = .seconds(10), interval: Duration = .seconds(2)) {
            self.lease = lease
            self.interval = interval
        }
    }
}

extension Node {
    /// The most shards that each of so many nodes holds.
    static func share(among nodes: Int) -> Int {
        let nodes = max(nodes, 1)
        return (Shard.count + nodes - 1) / nodes
    }

    /// - Parameter time: how long the row counts.
    static func register(_ node: ID<Node>, for time: Duration, in tx: PlatformTransaction) async throws {
        try await tx.execute(
            """
            INSERT INTO node (id, expires_at) VALUES (\(node), now() + \(time.milliseconds) * interval '1 ms')
            ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at
            """)
    }

    /// Takes out one that ends, and all that are dead.
    static func unregister(_ node: ID<Node>?, in tx: PlatformTransaction) async throws {
        // Two nodes that clear up at once must not wait for each other.
        try await tx.execute(
            """
            DELETE FROM node WHERE id IN (
                SELECT id FROM node WHERE expires_at < now() OR id = \(node) FOR UPDATE SKIP LOCKED)
            """)
    }

    static func count(in tx: PlatformTransaction) async throws -> Int {
        Int(try await tx.value("SELECT count(*) FROM node WHERE expires_at >= now()", as: Int64.self) ?? 0)
    }

    /// Has all nodes look at the shards now.
    static func tellAll(in tx: PlatformTransaction) async throws {
        try await tx.execute("SELECT pg_notify(\(ShardKeeper.channel), '')")
    }
}
