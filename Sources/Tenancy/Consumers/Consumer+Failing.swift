import Platform

extension Consumer {
    /// Pauses a consumer whose endpoint answered 410.
    /// - Parameter url: the one that answered: the owner may have pointed the consumer elsewhere since.
    /// - Returns: nil when there was nothing to pause.
    static func pauseGone(_ id: ID<Consumer>, at url: String, in tx: TenantTransaction) async throws
        -> Consumer?
    {
        try await tx.first(
            """
            UPDATE consumer SET status = 'paused', status_reason = 'gone', updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id) AND status = 'active' AND type = 'push' AND url = \(url)
            RETURNING \(columns)
            """)
    }

    /// Those whose owners are to be warned, or that are to be disabled, as things stand: of any tenant.
    static func overdue(limit: Int, in tx: PlatformTransaction) async throws -> [ID<Consumer>: ID<Tenant>] {
        let rows = try await tx.all(
            """
            SELECT id, tenant_id FROM consumer
            WHERE failing_since IS NOT NULL AND (\(isWarnable) OR \(isDisableable))
            ORDER BY failing_since LIMIT \(Int64(limit))
            """, as: Overdue.self)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0.tenant) })
    }

    /// Notes that the owners are warned.
    /// - Returns: the consumer and when it is disabled; nil when it is not time for that.
    static func warn(_ id: ID<Consumer>, in tx: TenantTransaction) async throws -> (Consumer, Timestamp)? {
        let consumer = try await tx.first(
            """
            UPDATE consumer SET warned_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id) AND \(isWarnable)
            RETURNING \(columns)
            """, as: Consumer.self)
        guard let consumer, let since = consumer.failingSince, let time = consumer.disableAfter else {
            return nil
        }
        return (consumer, max(since + time, .now + min(warningTime(of: time), .seconds(3600))))
    }

    /// - Returns: nil when it is not time for that.
    static func disable(_ id: ID<Consumer>, in tx: TenantTransaction) async throws -> Consumer? {
        try await tx.first(
            """
            UPDATE consumer SET status = 'disabled', status_reason = 'failing', updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id) AND \(isDisableable)
            RETURNING \(columns)
            """)
    }

    /// How long before the end of the owner's patience it is warned: half of it, but an hour at least, as far as there
    /// is one.
    private static func warningTime(of time: Duration) -> Duration {
        min(max(time / 2, .seconds(3600)), time * 9 / 10)
    }

    /// As `warningTime`, of `disable_after_ms`.
    private static let warningMilliseconds: SQL =
        "least(greatest(disable_after_ms / 2, 3600000), disable_after_ms * 9 / 10)"

    private static let millisecond: SQL = "interval '1 millisecond'"

    /// The last attempt failed, and later than that: an endpoint that is asked nothing is not known to fail still, and
    /// that a success is over is written down later than the success.
    private static func failed(after time: SQL) -> SQL {
        """
        coalesce((SELECT a.error IS NOT NULL AND a.at >= \(time) FROM delivery_attempt AS a
            WHERE a.tenant_id = consumer.tenant_id AND a.consumer_id = consumer.id
            ORDER BY a.id DESC LIMIT 1), false)
        """
    }

    private static let isFailing: SQL = """
        type = 'push' AND status = 'active' AND failing_since IS NOT NULL AND disable_after_ms IS NOT NULL
        """

    private static let isWarnable: SQL = {
        let time: SQL = "failing_since + (disable_after_ms - \(warningMilliseconds)) * \(millisecond)"
        return
            "(\(isFailing) AND warned_at IS NULL AND clock_timestamp() >= \(time) AND \(failed(after: time)))"
    }()

    private static let isDisableable: SQL = {
        let time: SQL = "failing_since + disable_after_ms * \(millisecond)"
        let warned: SQL = "warned_at + least(\(warningMilliseconds), 3600000) * \(millisecond)"
        return """
            (\(isFailing) AND clock_timestamp() >= greatest(\(time), \(warned)) AND warned_at IS NOT NULL
                AND \(failed(after: time)))
            """
    }()
}

private struct Overdue: RowDecodable {
    let id: ID<Consumer>
    let tenant: ID<Tenant>

    init(row: inout Row) throws {
        id = try row.next()
        tenant = try row.next()
    }
}
