/// Statements that travel together and end with one sync: outside a transaction block they are one implicit
/// transaction. An error skips those that follow it.
///
/// `@unchecked Sendable`: touched on the session's loop only, but for `statements`, which does not change.
final class PostgresSegment: @unchecked Sendable {
    /// What libpq will give a result for, in order.
    enum Expectation {
        case prepare(PreparedStatements.Key)
        /// The key is there when the statement was prepared earlier.
        case statement(PreparedStatements.Key?)
        /// The end of a read that somebody else made before; nobody waits for it. When it fails, the connection closes:
        /// the error is not that of whose statements follow.
        case owedCommit
    }

    typealias Completion = @Sendable (Result<[PostgresRows], PostgresError>) -> Void

    let statements: [SQL]
    /// Whether it may be sent once more when a prepared statement turns out to be stale.
    private(set) var mayRepeat: Bool
    private(set) var completion: Completion?
    private(set) var isAbandoned = false
    var expectations: [Expectation] = []
    var position = 0
    var rows: [PostgresRows] = []
    var error: PostgresError?
    var isStale = false

    init(_ statements: [SQL], mayRepeat: Bool) {
        self.statements = statements
        self.mayRepeat = mayRepeat
    }

    func whenFinished(_ completion: @escaping Completion) { self.completion = completion }

    var current: Expectation? { position < expectations.count ? expectations[position] : nil }

    func finish(_ result: Result<[PostgresRows], PostgresError>) {
        completion?(result)
        completion = nil
    }

    /// Nobody waits any longer. The results are still taken off the connection.
    func abandon() {
        isAbandoned = true
        mayRepeat = false
        finish(.failure(.cancelled))
    }

    func prepareToRepeat() {
        mayRepeat = false
        expectations = []
        position = 0
        rows = []
        error = nil
        isStale = false
    }
}
