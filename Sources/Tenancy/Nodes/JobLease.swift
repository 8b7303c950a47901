import Platform

/// A job of which one node at a time runs one, over any number of nodes.
package struct JobLease: Sendable {
    package enum Name: String, Sendable, PostgresCodable {
        /// Checking and repairing webhooks, onboarding, switching many bots.
        case bots
        /// Trying dead letters again, warning of and disabling consumers that fail, retention.
        case deliveries
    }

    /// A node that dies is replaced after this time.
    package static let time = Duration.seconds(15)

    let name: Name
    private let node: ID<Node>
    private let database: Database

    package init(_ name: Name, node: ID<Node>, database: Database) {
        self.name = name
        self.node = node
        self.database = database
    }

    /// Takes the lease, or pushes its end out.
    /// - Returns: until when it is this node's, by this node's clock; nil when another has it.
    package func renew() async throws -> ContinuousClock.Instant? {
        // Counted from before the question, so that this node's idea of the end is never later than the database's.
        let end = ContinuousClock.now + Self.time
        let isOurs = try await database.job { tx in
            try await tx.endWhenFrozen()
            return try await tx.execute(
                """
                UPDATE job_lease SET node_id = \(node),
                    expires_at = clock_timestamp() + \(Int32(Self.time.components.seconds)) * interval '1 second'
                WHERE name = \(name) AND (node_id = \(node) OR expires_at < clock_timestamp())
                """) == 1
        }
        return isOurs ? end : nil
    }

    /// Gives it back, so that another node need not wait.
    package func release() async throws {
        try await database.job { tx in
            _ = try await tx.execute(
                """
                UPDATE job_lease SET node_id = NULL, expires_at = '-infinity'
                WHERE name = \(name) AND node_id = \(node)
                """)
        }
    }
}
