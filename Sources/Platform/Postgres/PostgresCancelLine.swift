/// Sends the cancel requests of a pool's sessions, on a thread of its own that starts with the first.
///
/// libpq's request blocks without any time limit when the server hangs: on the shared blocking pool it would
/// take the threads from all other work.
///
/// `@unchecked Sendable`: confined to the loop's thread.
final class PostgresCancelLine: @unchecked Sendable {
    private var pool: BlockingPool?

    deinit { pool?.stop() }

    /// Returns when the server has taken the request.
    /// - Throws: when too many wait already, or no thread can be started.
    func send(_ canceller: PostgresCanceller) async throws {
        let pool = try self.pool ?? BlockingPool(threads: 1, capacity: 64)
        self.pool = pool
        try await pool.run { canceller.cancel() }
    }
}
