import Platform

extension UpdateLog {
    /// When an update came into the log.
    package struct Times: Sendable, RowDecodable {
        package let receivedAt: Timestamp
        package let committedAt: Timestamp

        package init(row: inout Row) throws {
            receivedAt = try row.next()
            committedAt = try row.next()
        }
    }

    /// Needs a server with `track_commit_timestamp` on, as the one of `rookery dev`.
    package static func times(of updateID: Int64, of bot: ID<Bot>, in tx: TenantTransaction) async throws
        -> Times?
    {
        try await tx.first(
            """
            SELECT received_at, pg_xact_commit_timestamp(xmin) FROM update_log
            WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot) AND update_id = \(updateID)
            ORDER BY position DESC LIMIT 1
            """, as: Times.self)
    }
}
