import CPostgres
import Glibc

/// A connection that blocks and runs scripts of many statements: for migrations and for setting up servers.
/// For the blocking pool's threads, never for a loop's.
///
/// Not Sendable: opened, used and closed within one piece of blocking work.
package final class PostgresScriptConnection {
    /// Why there is no connection, in libpq's words.
    package struct ConnectFailure: Error, CustomStringConvertible { package let description: String }

    private let connection: OpaquePointer

    /// - Throws: `ConnectFailure`.
    package init(_ configuration: PostgresConfiguration) throws {
        var configuration = configuration
        configuration.statementTimeout = nil
        let timeout = [("connect_timeout", "\(max(2, configuration.connectTimeout.components.seconds))")]
        let parameters = configuration.parameters() + timeout
        var keywords = parameters.map { UnsafePointer(strdup($0.0)) }
        var values = parameters.map { UnsafePointer(strdup($0.1)) }
        defer { for pointer in keywords + values { free(UnsafeMutablePointer(mutating: pointer)) } }
        keywords.append(nil)
        values.append(nil)
        guard let connection = PQconnectdbParams(keywords, values, 0) else {
            throw ConnectFailure(description: "out of memory")
        }
        guard PQstatus(connection) == CONNECTION_OK else {
            defer { PQfinish(connection) }
            let message = String(cString: PQerrorMessage(connection))
            throw ConnectFailure(description: message.trimmed)
        }
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
        self.connection = connection
    }

    deinit { PQfinish(connection) }

    /// Runs statements separated by semicolons: one implicit transaction unless they say otherwise.
    /// - Returns: the rows of the last statement, as text; nil is NULL.
    /// - Throws: `PostgresError.server` or `.connectionLost`.
    @discardableResult
    package func run(script: String) throws -> [[String?]] {
        guard !script.utf8.contains(0) else { throw PostgresError.unexpectedResult("NUL in a script") }
        return try rows(of: PQexec(connection, script))
    }

    /// Runs one statement with text parameters `$1`, `$2`, ….
    @discardableResult
    package func run(_ statement: String, _ parameters: [String]) throws -> [[String?]] {
        let copies = parameters.map { UnsafePointer(strdup($0)) }
        defer { for copy in copies { free(UnsafeMutablePointer(mutating: copy)) } }
        return try rows(
            of: PQexecParams(connection, statement, Int32(copies.count), nil, copies, nil, nil, 0))
    }

    package var isInsideTransaction: Bool { PQtransactionStatus(connection) == PQTRANS_INTRANS }

    private func rows(of result: OpaquePointer?) throws -> [[String?]] {
        guard let result else { throw PostgresError.connectionLost }
        let wrapped = PostgresResult(owning: result)
        switch wrapped.outcome {
        case .rows: break
        case .failed(let error?): throw PostgresError.server(error)
        case .failed(nil): throw PostgresError.connectionLost
        case .sync, .aborted: throw PostgresError.unexpectedResult("pipeline")
        case .unexpected(let status): throw PostgresError.unexpectedResult(status)
        }
        return (0..<wrapped.rowCount).map { row in
            (0..<wrapped.columnCount).map { column in
                wrapped.field(row: row, column: column).map { String(decoding: $0, as: UTF8.self) }
            }
        }
    }
}

extension String {
    /// Without white space at both ends.
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
