import CPostgres

/// Owns one PGresult and frees it.
///
/// `@unchecked Sendable`: a PGresult is not changed after libpq has handed it out.
final class PostgresResult: @unchecked Sendable {
    enum Outcome { case rows, sync, aborted, failed(ServerError?), unexpected(String) }

    private let result: OpaquePointer

    init(owning result: OpaquePointer) { self.result = result }

    deinit { PQclear(result) }

    var outcome: Outcome {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: .rows
        case PGRES_PIPELINE_SYNC: .sync
        case PGRES_PIPELINE_ABORTED: .aborted
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE: .failed(serverError)
        case let status: .unexpected(String(cString: PQresStatus(status)))
        }
    }

    var rowCount: Int { Int(PQntuples(result)) }
    var columnCount: Int { Int(PQnfields(result)) }

    /// Such as `INSERT 0 1` or `ROLLBACK`.
    var commandTag: String { String(cString: PQcmdStatus(result)) }

    /// Rows inserted, changed, deleted or read; 0 for other commands.
    var affectedRows: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    func columnName(_ column: Int) -> String {
        PQfname(result, Int32(column)).map { String(cString: $0) } ?? ""
    }

    func type(_ column: Int) -> UInt32 { PQftype(result, Int32(column)) }

    /// The bytes of a field, which live as long as the result; nil for NULL.
    func field(row: Int, column: Int) -> UnsafeRawBufferPointer? {
        guard PQgetisnull(result, Int32(row), Int32(column)) == 0 else { return nil }
        let length = Int(PQgetlength(result, Int32(row), Int32(column)))
        return UnsafeRawBufferPointer(start: PQgetvalue(result, Int32(row), Int32(column)), count: length)
    }

    /// nil when libpq, not the server, has made the error: the connection is gone.
    private var serverError: ServerError? {
        guard let state = field("C") else { return nil }
        return ServerError(
            sqlState: state, message: field("M") ?? "", detail: field("D"), constraint: field("n"),
            table: field("t"),
            column: field("c"))
    }

    private func field(_ code: Character) -> String? {
        PQresultErrorField(result, Int32(code.asciiValue!)).map { String(cString: $0) }
    }
}
