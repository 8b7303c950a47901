import Platform

/// Looks for updates of a pull consumer and hands them out, in two round trips: what is there, under the lock of the
/// cursor's row; then the handouts, the cursors and the payloads, together with the commit.
///
/// Nobody waits for the disk: after a crash of PostgreSQL the last handouts may be as if they had not been, and
/// are given once more, as after a crash of a puller.
package struct PullLook: Sendable {
    /// Rows read without a payload: more than are asked for, since some may be unwanted, out or in a lane that is.
    private static let slack = 100
    /// When the first of them have nothing to give.
    private static let wideScan = PullSelection.mostSettled
    /// Looks for one call, each past what nobody wants or what is expired.
    private static let mostRounds = 10

    private let consumer: ID<Consumer>
    private let limit: Int

    /// - Parameter limit: at most so many updates.
    package init(_ consumer: ID<Consumer>, limit: Int) {
        self.consumer = consumer
        self.limit = limit
    }

    /// - Parameters:
    ///   - wait: for how long the caller will wait when there is nothing.
    ///   - reserve: asked for room for about so many bytes, before updates are handed out; when it throws, none are.
    /// - Throws: `PullRefusal`, `PostgresError`, and what `reserve` throws.
    package func run(
        in database: Database, of tenant: ID<Tenant>, wait: Duration = .zero,
        reserve: @Sendable (Int) throws -> Void = { _ in }
    ) async throws -> PullOutcome {
        var round = 1
        while true {
            let isLast = round == Self.mostRounds
            let (outcome, isFruitless) = try await database.write(tenant) { tx in
                try await look(wait, reserve, in: tx)
            }
            guard isFruitless else { return outcome }
            if isLast {
                var outcome = outcome
                outcome.hasMore = true
                return outcome
            }
            round += 1
        }
    }

    /// - Returns: what was found, and whether the next look would go on behind what nobody gets.
    private func look(
        _ wait: Duration, _ reserve: @Sendable (Int) throws -> Void, in tx: TenantTransaction
    ) async throws -> (PullOutcome, Bool) {
        let first = limit + Self.slack
        let rows = try await tx.all([
            "SET LOCAL synchronous_commit = off",
            PullState.lock(consumer, of: tx.tenant),
            PullHandout.all(of: consumer, tx.tenant),
            PullScan.main(of: consumer, tx.tenant, limit: first),
            PullScan.express(of: consumer, tx.tenant, limit: first),
        ])
        guard let state = try rows[1].decoded(as: PullState.self).first else {
            try await refuseOrBegin(in: tx)
            return (PullOutcome(bot: BotKey(tenant: tx.tenant, bot: .least)), true)
        }
        guard state.kind == .pull else { throw PullRefusal.notPull }
        guard state.status == .active else { throw PullRefusal.paused }
        let handouts = try rows[2].decoded(as: PullHandout.self)
        var scans = (
            main: try PullScan(rows[3], limit: first), express: try PullScan(rows[4], limit: first)
        )
        var selection = select(state, handouts, scans)
        var isWide = false
        if selection.taken.isEmpty, scans.main.isCut || scans.express.isCut {
            let wide = try await tx.all([
                PullScan.main(of: consumer, tx.tenant, limit: Self.wideScan),
                PullScan.express(of: consumer, tx.tenant, limit: Self.wideScan),
            ])
            scans = (
                main: try PullScan(wide[0], limit: Self.wideScan),
                express: try PullScan(wide[1], limit: Self.wideScan)
            )
            selection = select(state, handouts, scans)
            isWide = true
        }
        var outcome = PullOutcome(hasMore: selection.hasMore, bot: state.bot)
        outcome.nextLook = Self.nextLook(state, selection)
        outcome.isHeldBack = isWide && selection.taken.isEmpty && selection.isHeld
        if !selection.taken.isEmpty { try reserve(selection.bytes) }
        outcome.updates = try await write(selection, state, wait, in: tx)
        let isCut = scans.main.isCut || scans.express.isCut
        let hasMoved = selection.main.from > state.main.from || selection.express.from > state.express.from
        let isFruitless = selection.taken.isEmpty && isCut && hasMoved
        return (outcome, isFruitless || selection.taken.isEmpty && selection.hasMoreExpired)
    }

    private func select(
        _ state: PullState, _ handouts: [PullHandout], _ scans: (main: PullScan, express: PullScan)
    ) -> PullSelection {
        PullSelection(
            state.terms, main: state.main, express: state.express, handouts: handouts, mainScan: scans.main,
            expressScan: scans.express, limit: limit)
    }

    private static func nextLook(_ state: PullState, _ selection: PullSelection) -> Duration? {
        var next = selection.nextVisibleAt.map { $0 - state.now }
        let age = state.now - state.createdAt
        if age < PullOutcome.youth { next = min(next ?? .seconds(3), .seconds(3)) }
        return next.map { max($0, .milliseconds(1)) }
    }

    /// A consumer without a cursor gets one at the end that the log had when it was made. One that somebody else makes
    /// at the same time is as good.
    private func refuseOrBegin(in tx: TenantTransaction) async throws {
        let count = try await tx.execute(
            """
            INSERT INTO consumer_cursor (tenant_id, consumer_id, position, express_position)
            SELECT c.tenant_id, c.id, l.position, l.position
            FROM consumer AS c CROSS JOIN LATERAL (
                SELECT coalesce(max(position), 0) AS position FROM update_log
                WHERE tenant_id = c.tenant_id AND bot_id = c.bot_id AND received_at < c.created_at) AS l
            WHERE c.tenant_id = \(tx.tenant) AND c.id = \(consumer) AND c.type = 'pull'
                AND EXISTS (SELECT FROM bot WHERE tenant_id = c.tenant_id AND id = c.bot_id AND status <> 'deleted')
            ON CONFLICT (tenant_id, consumer_id) DO UPDATE SET position = consumer_cursor.position
            """)
        if count == 0 { throw PullRefusal.missing }
    }

    // MARK: Writing

    private func write(
        _ selection: PullSelection, _ state: PullState, _ wait: Duration, in tx: TenantTransaction
    ) async throws -> [PulledUpdate] {
        let awaited = selection.taken.isEmpty && selection.isHeld && wait > .zero ? state.now + wait : nil
        let isAwaitedLonger = awaited.map { $0 > state.awaitedUntil ?? state.now } ?? false
        let isChange = selection.isChange(from: state.main, state.express)
        guard isChange || isAwaitedLonger else { return [] }
        var statements: [SQL] = [
            """
            UPDATE consumer_cursor SET position = \(selection.main.position),
                settled = \(selection.main.settled), pull_from = \(selection.main.from),
                express_position = \(selection.express.position),
                express_settled = \(selection.express.settled),
                express_pull_from = \(selection.express.from),
                awaited_until = greatest(awaited_until, \(awaited))
            WHERE tenant_id = \(tx.tenant) AND consumer_id = \(consumer)
            """
        ]
        if !selection.forgotten.isEmpty {
            statements.append(
                """
                DELETE FROM pull_handout
                WHERE tenant_id = \(tx.tenant) AND consumer_id = \(consumer)
                    AND position = ANY(\(selection.forgotten))
                """)
        }
        if !selection.expired.isEmpty { statements.append(expire(selection.expired, state, tx.tenant)) }
        guard !selection.taken.isEmpty else {
            _ = try await tx.finish(statements)
            return []
        }
        statements.append(handOut(selection.taken, state, tx.tenant))
        statements.append(
            """
            SELECT position, update_id, kind, received_at, payload FROM update_log
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(state.bot.bot)
                AND position = ANY(\(selection.taken.map(\.position)))
            ORDER BY position
            """)
        return try await tx.finish(statements).last?.decoded() ?? []
    }

    private func handOut(
        _ taken: [PullSelection.Taken], _ state: PullState, _ tenant: ID<Tenant>
    ) -> SQL {
        """
        INSERT INTO pull_handout (tenant_id, consumer_id, position, lane, deadline, bytes, visible_at)
        SELECT \(tenant), \(consumer), t.position, t.lane, t.deadline, t.bytes,
            statement_timestamp() + \(state.visibility.milliseconds) * interval '1 millisecond'
        FROM unnest(\(taken.map(\.position)), \(taken.map(\.lane)), \(taken.map(\.deadline)), \(taken.map(\.bytes)))
            AS t (position, lane, deadline, bytes)
        ON CONFLICT (tenant_id, consumer_id, position)
            DO UPDATE SET times = pull_handout.times + 1, visible_at = excluded.visible_at
        """
    }

    private func expire(_ positions: [Int64], _ state: PullState, _ tenant: ID<Tenant>) -> SQL {
        """
        INSERT INTO delivery (tenant_id, id, consumer_id, bot_id, position, update_id, kind, lane, deadline,
            received_at, payload, status, last_error)
        SELECT l.tenant_id, e.id, \(consumer), l.bot_id, l.position, l.update_id, l.kind, l.lane, l.deadline,
            l.received_at, l.payload, 'expired', \(PushConsumer.expiry)
        FROM unnest(\(positions.map { _ in ID<DeliveryRow>() }), \(positions)) AS e (id, position)
        JOIN update_log AS l ON l.position = e.position
        WHERE l.tenant_id = \(tenant) AND l.bot_id = \(state.bot.bot)
        ON CONFLICT (tenant_id, consumer_id, position) DO NOTHING
        """
    }
}
