import Platform

/// Takes back what was handed out, and moves the cursors over it, in one round trip.
package struct PullAcknowledgement: Sendable {
    package enum Extent: Sendable {
        /// These; what is not out is passed over.
        case positions([Int64])
        /// All that was handed out up to this one.
        case upTo(Int64)
    }

    private let consumer: ID<Consumer>
    private let extent: Extent

    package init(_ consumer: ID<Consumer>, _ extent: Extent) {
        self.consumer = consumer
        self.extent = extent
    }

    package struct Outcome: Sendable {
        package let count: Int
        package let bot: BotKey
    }

    /// - Parameters:
    ///   - waiters: told of what the acknowledged updates were in the way of; in the transaction, other nodes' too.
    ///   - ends: whether the transaction ends with it, which spares a round trip.
    /// - Throws: `PullRefusal.missing`, `PullRefusal.notPull`
    package func run(
        telling waiters: PullWaiters, ends: Bool = true, in tx: TenantTransaction
    ) async throws -> Outcome {
        let statements = [PullState.lock(consumer, of: tx.tenant), settle(waiters, tx.tenant)]
        let rows = try await ends ? tx.finish(statements) : tx.all(statements)
        guard let state = try rows[0].decoded(as: PullState.self).first else { throw PullRefusal.missing }
        guard state.kind == .pull else { throw PullRefusal.notPull }
        let count = try rows[1].decoded(as: Count.self).first?.count ?? 0
        return Outcome(count: count, bot: state.bot)
    }

    private struct Count: RowDecodable {
        let count: Int
        init(row: inout Row) throws { count = Int(try row.next(Int64.self)) }
    }

    /// What is left of the handouts holds its cursor back; else it goes to where the next look begins. A cursor that
    /// retention has moved on stays there.
    private func settle(_ waiters: PullWaiters, _ tenant: ID<Tenant>) -> SQL {
        let isMeant: SQL =
            switch extent {
            case .positions(let positions): "position = ANY(\(positions))"
            case .upTo(let position): "position <= \(position)"
            }
        return """
            WITH gone AS (
                DELETE FROM pull_handout
                WHERE tenant_id = \(tenant) AND consumer_id = \(consumer) AND \(isMeant)
                RETURNING position, deadline IS NOT NULL AS is_express
            ), kept AS (
                SELECT min(position) FILTER (WHERE deadline IS NULL) AS main,
                    min(position) FILTER (WHERE deadline IS NOT NULL) AS express
                FROM pull_handout
                WHERE tenant_id = \(tenant) AND consumer_id = \(consumer)
                    AND position NOT IN (SELECT position FROM gone)
            ), moved AS (
                SELECT k.tenant_id, k.consumer_id, c.bot_id, k.awaited_until > clock_timestamp() AS is_awaited,
                    greatest(k.position, least(k.pull_from, kept.main - 1)) AS main,
                    greatest(k.express_position, least(k.express_pull_from, kept.express - 1)) AS express
                FROM consumer_cursor AS k
                JOIN consumer AS c ON c.tenant_id = k.tenant_id AND c.id = k.consumer_id
                CROSS JOIN kept
                WHERE k.tenant_id = \(tenant) AND k.consumer_id = \(consumer)
            )
            UPDATE consumer_cursor AS k SET position = m.main, express_position = m.express,
                settled = \(Self.settled("k.settled", "NOT is_express", above: "m.main")),
                express_settled = \(Self.settled("k.express_settled", "is_express", above: "m.express")),
                awaited_until = NULL
            FROM moved AS m
            WHERE k.tenant_id = m.tenant_id AND k.consumer_id = m.consumer_id AND EXISTS (SELECT FROM gone)
            RETURNING (SELECT count(*) FROM gone), \(waiters.notice(of: "m", if: "m.is_awaited"))
            """
    }

    private static func settled(_ known: SQL, _ isOurs: SQL, above position: SQL) -> SQL {
        """
        (SELECT coalesce(array_agg(s.position ORDER BY s.position), '{}') FROM (
            SELECT unnest(\(known)) AS position UNION SELECT position FROM gone WHERE \(isOurs)) AS s
        WHERE s.position > \(position))
        """
    }
}
