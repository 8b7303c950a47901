import Platform

extension RetryJob {
    /// Dead letters are counted up to here.
    package static let most: Int64 = 100_000

    /// Has all that is dead now tried again; what is past its deadline is not. Ended at once when there is nothing.
    /// - Throws: a violation of `retry_job_once` when one of the consumer is running already.
    package static func create(
        of consumer: ID<Consumer>, counting most: Int64 = most, in tx: TenantTransaction
    ) async throws -> RetryJob {
        let isDead: SQL = "tenant_id = \(tx.tenant) AND consumer_id = \(consumer) AND status = 'dead'"
        let job = try await tx.first(
            """
            INSERT INTO retry_job (tenant_id, id, consumer_id, until_position, total, status, finished_at)
            SELECT \(tx.tenant), \(ID<RetryJob>()), \(consumer),
                coalesce((SELECT position FROM delivery WHERE \(isDead) ORDER BY position DESC LIMIT 1), 0), total,
                CASE WHEN total = 0 THEN 'finished' ELSE 'running' END,
                CASE WHEN total = 0 THEN clock_timestamp() END
            FROM (
                SELECT CASE WHEN count(*) <= \(most) THEN
                    count(*) FILTER (WHERE deadline IS NULL OR deadline > clock_timestamp()) END AS total
                FROM (SELECT deadline FROM delivery WHERE \(isDead) LIMIT \(most) + 1) AS looked) AS counted
            RETURNING \(columns)
            """, as: RetryJob.self)
        guard let job else { throw PostgresError.unexpectedResult("no row from INSERT") }
        return job
    }

    /// Newest first.
    package static func page(
        of consumer: ID<Consumer>, after last: ID<RetryJob>?, limit: Int, in tx: TenantTransaction
    ) async throws -> [RetryJob] {
        let rest: SQL = last.map { "AND id < \($0)" } ?? ""
        return try await tx.all(
            """
            SELECT \(columns) FROM retry_job WHERE tenant_id = \(tx.tenant) AND consumer_id = \(consumer) \(rest)
            ORDER BY id DESC LIMIT \(Int64(limit))
            """)
    }

    /// - Returns: nil when this tenant has no such job.
    package static func find(
        _ id: ID<RetryJob>, isLocked: Bool = false, in tx: TenantTransaction
    ) async throws -> RetryJob? {
        let lock: SQL = isLocked ? "FOR UPDATE" : ""
        return try await tx.first(
            "SELECT \(columns) FROM retry_job WHERE tenant_id = \(tx.tenant) AND id = \(id) \(lock)")
    }

    /// What it has put back among those to be delivered stays there.
    /// - Returns: false when it had ended before.
    package func cancel(in tx: TenantTransaction) async throws -> Bool {
        try await tx.execute(
            """
            UPDATE retry_job SET status = 'cancelled', finished_at = clock_timestamp(),
                updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id) AND status = 'running'
            """) == 1
    }
}
