import Platform

/// Reads on in the log for many consumers at once: what is asked for while a read is under way goes into the
/// next one, so a busy loop asks the database once for all of its bots. One on each event loop.
actor LogReader {
    struct Request: Sendable {
        let bot: BotKey
        let after: Int64
        let limit: Int
    }

    private struct Waiting {
        let request: Request
        let continuation: CheckedContinuation<[LoggedUpdate], any Error>
    }

    private static let readsAtOnce = 2
    private static let batchLimit = 200

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

    /// The bot's next updates in ascending order of position, at most `limit`.
    func read(_ request: Request) async throws -> [LoggedUpdate] {
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
                let found = try await fetch(batch.map(\.request))
                for (waiting, updates) in zip(batch, found) {
                    waiting.continuation.resume(returning: updates)
                }
            } catch {
                for waiting in batch { waiting.continuation.resume(throwing: error) }
            }
        }
        reading -= 1
    }

    private struct Found: RowDecodable {
        let place: Int
        let update: LoggedUpdate
        init(row: inout Row) throws {
            place = Int(try row.next(Int64.self)) - 1
            update = try LoggedUpdate(row: &row)
        }
    }

    private func fetch(_ requests: [Request]) async throws -> [[LoggedUpdate]] {
        let rows = try await database.system.withConnection { connection in
            try await connection.all(
                """
                SELECT w.place, l.position, l.update_id, l.kind, l.lane, l.chat_id, l.deadline, l.received_at, l.payload
                FROM unnest(\(requests.map(\.bot.tenant)), \(requests.map(\.bot.bot)), \(requests.map(\.after)),
                    \(requests.map { Int64($0.limit) })) WITH ORDINALITY
                    AS w (tenant_id, bot_id, after_position, row_limit, place)
                CROSS JOIN LATERAL (
                    SELECT position, update_id, kind, lane, chat_id, deadline, received_at, payload
                    FROM update_log
                    WHERE tenant_id = w.tenant_id AND bot_id = w.bot_id AND position > w.after_position
                    ORDER BY position LIMIT w.row_limit) AS l
                """, as: Found.self)
        }
        var found = [[LoggedUpdate]](repeating: [], count: requests.count)
        for row in rows { found[row.place].append(row.update) }
        return found
    }
}
