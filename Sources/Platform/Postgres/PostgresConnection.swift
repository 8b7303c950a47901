/// A connection lent by the pool. Statements run by themselves, each committed when it returns.
package final class PostgresConnection: PostgresQuerying, Sendable {
    private let session: PostgresSession

    init(_ session: PostgresSession) { self.session = session }

    package func query(_ sql: SQL) async throws -> PostgresRows {
        try await pipeline([sql])[0]
    }

    /// Sends all `statements` in one flush. They are one implicit transaction: when this returns, all are
    /// committed; when it throws, none is (or, on `connectionLost` and `cancelled`, that is unknown).
    ///
    /// Several pipelines may be under way on one connection; the server runs them in the order of the calls.
    /// - Returns: the rows of each statement.
    package func pipeline(_ statements: [SQL]) async throws -> [PostgresRows] {
        guard !statements.isEmpty else { return [] }
        let rows = try await session.run(statements, mayRepeat: true)
        guard rows.count == statements.count else {
            throw PostgresError.unexpectedResult("\(rows.count) results")
        }
        return rows
    }
}
