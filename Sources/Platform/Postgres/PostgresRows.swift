/// The rows that one statement gave.
package struct PostgresRows: Sendable, Sequence {
    let result: PostgresResult

    package var count: Int { result.rowCount }
    package var isEmpty: Bool { count == 0 }

    /// Rows inserted, changed, deleted or read.
    package var affectedRows: Int { result.affectedRows }

    package subscript(index: Int) -> Row { Row(result: result, index: index) }

    package func makeIterator() -> some IteratorProtocol<Row> {
        (0..<count).lazy.map { Row(result: result, index: $0) }.makeIterator()
    }

    package func decoded<R: RowDecodable>(as type: R.Type = R.self) throws -> [R] {
        var decoded: [R] = []
        decoded.reserveCapacity(count)
        for index in 0..<count {
            var row = Row(result: result, index: index)
            decoded.append(try R(row: &row))
        }
        return decoded
    }
}

/// A value made of one row: it takes the columns in the order in which the statement lists them.
package protocol RowDecodable: Sendable {
    init(row: inout Row) throws
}

/// One row, read from left to right.
package struct Row: Sendable {
    private let result: PostgresResult
    private let index: Int
    private var column = 0

    fileprivate init(result: PostgresResult, index: Int) {
        self.result = result
        self.index = index
    }

    /// Reads the next column.
    /// - Throws: `PostgresError.decoding` when it holds something else, or NULL for a type that is not optional.
    package mutating func next<Value: PostgresDecodable>(_ type: Value.Type = Value.self) throws -> Value {
        let field = try take()
        let value = field.bytes.map { Value.decode($0, field.type) } ?? Value.null
        guard let value else { throw mismatch(expected: "\(Value.self)") }
        return value
    }

    /// A field's bytes, which live as long as the row does; nil for NULL.
    struct Field {
        let bytes: UnsafeRawBufferPointer?
        let type: UInt32
    }

    mutating func take() throws -> Field {
        guard column < result.columnCount else { throw PostgresError.missingColumn(index: column) }
        defer { column += 1 }
        return Field(bytes: result.field(row: index, column: column), type: result.type(column))
    }

    /// The error of the column that was taken last.
    func mismatch(expected: String) -> PostgresError {
        let isNull = result.field(row: index, column: column - 1) == nil
        return PostgresError.decoding(
            column: result.columnName(column - 1), expected: expected,
            found: isNull ? "NULL" : "a value of type \(result.type(column - 1)) that does not fit")
    }
}
