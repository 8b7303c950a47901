/// A transaction that begins with its first statement: BEGIN, the preamble and that statement are one round
/// trip, and a body that issues none costs nothing. Statements are issued one at a time.
///
/// `@unchecked Sendable`: used by the one task that runs its body.
package final class PostgresTransaction: PostgresQuerying, @unchecked Sendable {
    private let session: PostgresSession
    private let preamble: SQL?
    private let isReadOnly: Bool
    private var isOpen = false
    /// What went wrong first: the server refuses to commit after it, and it is what the caller is told.
    private var failure: (any Error)?

    init(_ session: PostgresSession, preamble: SQL?, isReadOnly: Bool) {
        self.session = session
        self.preamble = preamble
        self.isReadOnly = isReadOnly
    }

    package func query(_ sql: SQL) async throws -> PostgresRows {
        guard let rows = try await query([sql]).last else {
            throw PostgresError.unexpectedResult("no result")
        }
        return rows
    }

    /// Several in one round trip.
    /// - Returns: the rows of each.
    package func query(_ statements: [SQL]) async throws -> [PostgresRows] {
        do {
            return Array(try await run(statements).suffix(statements.count))
        } catch {
            failure = failure ?? error
            throw error
        }
    }

    /// The transaction's last statements and its end in one round trip: committed when this returns.
    package func finish(_ statements: [SQL]) async throws -> [PostgresRows] {
        let rows = try await query(statements + ["COMMIT"])
        isOpen = false
        guard rows.last?.result.commandTag == "COMMIT" else {
            throw PostgresError.unexpectedResult("the transaction was rolled back")
        }
        return rows.dropLast()
    }

    private func run(_ statements: [SQL]) async throws -> [PostgresRows] {
        guard !isOpen else { return try await session.run(statements, mayRepeat: false) }
        isOpen = true
        let opening = [isReadOnly ? "BEGIN READ ONLY" : "BEGIN"] + (preamble.map { [$0] } ?? []) + statements
        do {
            return try await session.run(opening, mayRepeat: false)
        } catch PostgresError.server(let error) where error.isStaleStatement {
            leave("ROLLBACK")
            return try await session.run(opening, mayRepeat: false)
        }
    }

    /// Ends the transaction after its body has returned. A read's end is not awaited.
    func commit() async throws {
        guard isOpen else { return }
        if let failure {
            // The body swallowed an error; COMMIT would roll back and say so only in passing.
            rollBack()
            throw failure
        }
        guard !isReadOnly else { return session.loop.perform { [session] in session.commitLater() } }
        let rows: [PostgresRows] = try await withCheckedThrowingContinuation { continuation in
            let segment = PostgresSegment(["COMMIT"], mayRepeat: false)
            segment.whenFinished { continuation.resume(with: $0) }
            session.loop.perform { self.session.submit(segment) }
        }
        guard rows.last?.result.commandTag == "COMMIT" else {
            throw PostgresError.unexpectedResult("the transaction was rolled back")
        }
    }

    func rollBack() {
        if isOpen { leave("ROLLBACK") }
    }

    /// Nobody awaits its result; the connection takes it before any later one.
    private func leave(_ statement: SQL) {
        session.loop.perform { [session] in session.submit(PostgresSegment([statement], mayRepeat: false)) }
    }
}
