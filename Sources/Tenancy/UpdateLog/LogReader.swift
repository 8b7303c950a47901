import Platform

/// Reads on in the log for many consumers at once: what is asked for while a read is under way goes into the
/// next one, so a busy loop asks the database once for all of its bots. One on each event loop.
actor LogReader {
    struct Request: Sendable {
        let bot: BotKey
        let after: Int64
        let limit: Int
        /// Only updates that have a deadline.
        var isExpress = false
    }

    struct Page: Sendable {
        /// In ascending order of position.
        var updates: [LoggedUpdate] = []
        /// The limit or the bytes ended it, not the log.
        var mayHaveMore = false
    }

    private struct Waiting {
        let request: Request
        let continuation: CheckedContinuation<Page, any Error>
    }

    /// Bytes of payload for one request. A first update that is larger comes alone.
    static let pageBytes = 256 << 10
    private static let readsAtOnce = 2
    private static let batchLimit = 32

    nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private var queue: [Waiting] = []
    private var reading = 0

    init(loop: EventLoop, database: Database) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
    }

    /// The bot's next updates: at most `limit`, and `pageBytes` of payload.
    func read(_ request: Request) async throws -> Page {
        try await withCheckedThrowingContinuation { continuation in
            queue.append(Waiting(request: request, continuation: continuation))
            guard reading < Self.readsAtOnce else { return }
            reading += 1
            // Ends when the queue is empty; every caller of `read` awaits its own part of it.
            Task(executorPreference: loop) { await self.work() }
        }
    }

    private func work() async {
        while !queue.isEmpty {
            let batch = Array(queue.prefix(Self.batchLimit))
            queue.removeFirst(batch.count)
            do {
                try await resume(batch.filter { !$0.request.isExpress }, "")
            } catch {
                for waiting in batch where !waiting.request.isExpress {
                    waiting.continuation.resume(throwing: error)
                }
            }
            do {
                // Written out, so that the partial index on these is used.
                try await resume(batch.filter(\.request.isExpress), "AND deadline IS NOT NULL")
            } catch {
                for waiting in batch where waiting.request.isExpress {
                    waiting.continuation.resume(throwing: error)
                }
            }
        }
        reading -= 1
    }

    private func resume(_ waiting: [Waiting], _ filter: SQL) async throws {
        guard !waiting.isEmpty else { return }
        let pages = try await fetch(waiting.map(\.request), filter)
        for (waiting, page) in zip(waiting, pages) { waiting.continuation.resume(returning: page) }
    }

    private struct Found: RowDecodable {
        let place: Int
        /// How many updates there were within the limit, those beyond `pageBytes` too.
        let count: Int
        let update: LoggedUpdate
        init(row: inout Row) throws {
            place = Int(try row.next(Int64.self)) - 1
            count = Int(try row.next(Int64.self))
            update = try LoggedUpdate(row: &row)
        }
    }

    private func fetch(_ requests: [Request], _ filter: SQL) async throws -> [Page] {
        let rows = try await database.system.withConnection { connection in
            try await connection.all(
                """
                SELECT w.place, l.count, l.position, l.update_id, l.kind, l.lane, l.chat_id, l.deadline,
                    l.received_at, l.payload
                FROM unnest(\(requests.map(\.bot.tenant)), \(requests.map(\.bot.bot)), \(requests.map(\.after)),
                    \(requests.map { Int64($0.limit) })) WITH ORDINALITY
                    AS w (tenant_id, bot_id, after_position, row_limit, place)
                CROSS JOIN LATERAL (
                    SELECT *, count(*) OVER () AS count, sum(bytes) OVER (ORDER BY position) AS bytes_so_far
                    FROM (
                        SELECT position, update_id, kind, lane, chat_id, deadline, received_at, payload,
                            octet_length(payload::text) AS bytes
                        FROM update_log
                        WHERE tenant_id = w.tenant_id AND bot_id = w.bot_id AND position > w.after_position \(filter)
                        ORDER BY position LIMIT w.row_limit) AS next) AS l
                WHERE l.bytes_so_far <= \(Int64(Self.pageBytes)) OR l.bytes_so_far = l.bytes
                ORDER BY w.place, l.position
                """, as: Found.self)
        }
        var pages = [Page](repeating: Page(), count: requests.count)
        for row in rows {
            pages[row.place].updates.append(row.update)
            let isCut = pages[row.place].updates.count < row.count
            pages[row.place].mayHaveMore = isCut || row.count >= requests[row.place].limit
        }
        return pages
    }
}
