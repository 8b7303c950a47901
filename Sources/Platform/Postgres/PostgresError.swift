/// What can go wrong between the program and PostgreSQL.
package enum PostgresError: Error, Sendable, Equatable {
    /// The server refused a statement; the connection goes on.
    case server(ServerError)
    /// No connection can be made at present. Nothing was sent; trying again later is safe.
    case unavailable
    /// The connection broke while the operation was under way: it may or may not have happened.
    case connectionLost
    /// Every connection is taken and the queue is full, or the wait for one took too long.
    case poolExhausted
    /// The awaiting task was cancelled. What was under way may or may not have happened.
    case cancelled
    /// The server stopped the statement at the statement time-out.
    case timedOut
    /// A column does not hold what the program expects, or holds NULL where it must not.
    case decoding(column: String, expected: String, found: String)
    /// `rows` has fewer columns than were asked for.
    case missingColumn(index: Int)
    /// A result that this client does not handle, such as COPY.
    case unexpectedResult(String)
}

/// The fields of an ErrorResponse (PostgreSQL manual, 55.8). Its texts may quote data: log them, do not send
/// them to clients.
package struct ServerError: Sendable, Equatable {
    /// Five characters, such as `23505`.
    package let sqlState: String
    package let message: String
    package let detail: String?
    package let constraint: String?
    package let table: String?
    package let column: String?

    package init(
        sqlState: String, message: String, detail: String? = nil, constraint: String? = nil,
        table: String? = nil,
        column: String? = nil
    ) {
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.constraint = constraint
        self.table = table
        self.column = column
    }

    package var isUniqueViolation: Bool { sqlState == "23505" }
    package var isForeignKeyViolation: Bool { sqlState == "23503" }
    package var isCheckViolation: Bool { sqlState == "23514" }
    /// A row that no partition is for: a check violation, but without the name of a constraint.
    package var isMissingPartition: Bool { isCheckViolation && constraint == nil }

    /// The server ends the connection: shutting down, crashed, or an administrator's command.
    var endsConnection: Bool { sqlState.hasPrefix("57P0") || sqlState.hasPrefix("08") || sqlState == "25P03" }

    /// Classes 53, 58 and XX: insufficient resources, errors of the system, internal errors. And 25006: it takes no
    /// writes, as a standby.
    var isServersTrouble: Bool {
        ["53", "58", "XX"].contains { sqlState.hasPrefix($0) } || sqlState == "25006"
    }

    /// A prepared statement the server no longer has, or one whose result type has changed since.
    var isStaleStatement: Bool { sqlState == "26000" || sqlState == "0A000" }
}

extension PostgresError {
    /// The error of a violated constraint of this name.
    package func violates(_ constraint: String) -> Bool {
        if case .server(let error) = self { error.constraint == constraint } else { false }
    }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .server(let error): "PostgreSQL error \(error.sqlState): \(error.message)"
        case .unavailable: "PostgreSQL is not available"
        case .connectionLost: "the connection to PostgreSQL was lost"
        case .poolExhausted: "no connection to PostgreSQL became free in time"
        case .cancelled: "the database operation was cancelled"
        case .timedOut: "the statement took longer than the statement time-out"
        case .decoding(let column, let expected, let found):
            "column \(column): expected \(expected), found \(found)"
        case .missingColumn(let index): "the result has no column \(index + 1)"
        case .unexpectedResult(let status): "unexpected result \(status)"
        }
    }
}
