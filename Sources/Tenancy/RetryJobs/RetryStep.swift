import Platform

/// One step of a retry job: as many dead letters go back among those to be delivered as there is room for.
struct RetryStep: Sendable {
    struct Limits: Sendable {
        /// Of a job's rows that have not been tried since, but for those that wait behind one of their lane that has
        /// failed: they are tried when it is through, and keep nobody else back.
        var untried: Int64 = 1000
        /// Of a job's rows that hold their lanes, those included that have failed again or are parked again.
        var retrying: Int64 = 10_000
    }

    let key: JobKey<RetryJob>
    let limits: Limits

    /// Locks in the order of everybody else: consumer, job, delivery rows.
    func take(in tx: PlatformTransaction) async throws {
        guard let bot = try await lockConsumer(in: tx), let job = try await lockJob(in: tx) else { return }
        let held = try await held(of: job.consumer, in: tx)
        let room = min(limits.untried - held.ready, limits.retrying - held.all)
        var (taken, untried, position) = (job.taken, held.untried, job.position)
        if room > 0, position < job.until {
            let page = try await putBack(room, of: job, in: tx)
            position = page.found < room ? job.until : page.last ?? job.until
            taken += page.changed
            untried += page.changed
            if page.changed > 0 { try await tell(bot, of: job, in: tx) }
        }
        let isFinished = position >= job.until && untried == 0
        try await note(taken: taken, done: taken - untried, position, isFinished, in: tx)
    }

    private func lockConsumer(in tx: PlatformTransaction) async throws -> ID<Bot>? {
        try await tx.value(
            """
            SELECT consumer.bot_id FROM consumer
            WHERE consumer.tenant_id = \(key.tenant) AND consumer.id = (
                SELECT consumer_id FROM retry_job WHERE tenant_id = \(key.tenant) AND id = \(key.id))
            FOR NO KEY UPDATE
            """)
    }

    private struct Job: RowDecodable {
        let consumer: ID<Consumer>
        let position: Int64
        let until: Int64
        let taken: Int64

        init(row: inout Row) throws {
            consumer = try row.next()
            position = try row.next()
            until = try row.next()
            taken = try row.next()
        }
    }

    /// - Returns: nil when it has ended.
    private func lockJob(in tx: PlatformTransaction) async throws -> Job? {
        try await tx.first(
            """
            SELECT consumer_id, last_position, until_position, taken FROM retry_job
            WHERE tenant_id = \(key.tenant) AND id = \(key.id) AND status = 'running' FOR UPDATE
            """)
    }

    private struct Held: RowDecodable {
        let untried: Int64
        /// Of these, those that no failure of their lane is before.
        let ready: Int64
        let all: Int64
        init(row: inout Row) throws {
            untried = try row.next()
            ready = try row.next()
            all = try row.next()
        }
    }

    /// Its rows that hold their lanes: still to be delivered, or parked again.
    private func held(of consumer: ID<Consumer>, in tx: PlatformTransaction) async throws -> Held {
        let held = try await tx.first(
            """
            SELECT count(*) FILTER (WHERE is_untried), count(*) FILTER (WHERE is_untried AND NOT is_behind), count(*)
            FROM (
                SELECT retry_job_id, attempts = 0 AND status = 'retrying' AS is_untried, coalesce(bool_or(attempts > 0)
                    OVER (PARTITION BY lane ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false)
                    AS is_behind
                FROM delivery WHERE tenant_id = \(key.tenant) AND consumer_id = \(consumer)
                    AND (status = 'retrying' OR is_parking)) AS held
            WHERE retry_job_id = \(key.id)
            """, as: Held.self)
        guard let held else { throw PostgresError.unexpectedResult("no row from count") }
        return held
    }

    private struct Page: RowDecodable {
        let found: Int64
        let last: Int64?
        let changed: Int64
        init(row: inout Row) throws {
            found = try row.next()
            last = try row.next()
            changed = try row.next()
        }
    }

    /// The page is changed as the range of positions that it is, and not joined: while statistics know little of the
    /// consumer, that would be a nested loop over all its tenant's rows.
    private func putBack(_ limit: Int64, of job: Job, in tx: PlatformTransaction) async throws -> Page {
        let page = try await tx.first(
            """
            WITH page AS MATERIALIZED (
                SELECT position FROM delivery
                WHERE tenant_id = \(key.tenant) AND consumer_id = \(job.consumer) AND status = 'dead'
                    AND position > \(job.position) AND position <= \(job.until)
                ORDER BY position LIMIT \(limit) FOR NO KEY UPDATE),
            changed AS (
                UPDATE delivery SET status = 'retrying', is_parking = false, attempts = 0,
                    next_attempt_at = clock_timestamp(), retry_job_id = \(key.id), updated_at = clock_timestamp()
                WHERE tenant_id = \(key.tenant) AND consumer_id = \(job.consumer) AND status = 'dead'
                    AND position > \(job.position) AND position <= (SELECT max(position) FROM page)
                    AND (deadline IS NULL OR deadline > clock_timestamp())
                RETURNING id)
            SELECT (SELECT count(*) FROM page), (SELECT max(position) FROM page), (SELECT count(*) FROM changed)
            """, as: Page.self)
        guard let page else { throw PostgresError.unexpectedResult("no row from count") }
        return page
    }

    /// Whoever delivers takes the lanes over.
    private func tell(_ bot: ID<Bot>, of job: Job, in tx: PlatformTransaction) async throws {
        try await tx.execute(
            """
            UPDATE consumer SET lanes_changed_at = clock_timestamp()
            WHERE tenant_id = \(key.tenant) AND id = \(job.consumer)
            """)
        try await tx.execute(Deliveries.changeNotice(of: BotKey(tenant: key.tenant, bot: bot)))
    }

    /// `updated_at` tells when it has come further.
    private func note(
        taken: Int64, done: Int64, _ position: Int64, _ isFinished: Bool, in tx: PlatformTransaction
    ) async throws {
        try await tx.execute(
            """
            UPDATE retry_job SET taken = \(taken), done = \(done), last_position = \(position),
                status = CASE WHEN \(isFinished) THEN 'finished' ELSE status END,
                finished_at = CASE WHEN \(isFinished) THEN clock_timestamp() END, updated_at = clock_timestamp()
            WHERE tenant_id = \(key.tenant) AND id = \(key.id)
                AND ((taken, done, last_position) IS DISTINCT FROM (\(taken), \(done), \(position))
                    OR \(isFinished))
            """)
    }
}
