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
        try map { row in
            var row = row
            return try R(row: &row)
        }
    }
}

/// A value made of one row: it takes the columns in the order in which the statement lists them.
package protocol RowDecodable: Sendable {
    init(row: inout Row) throws
}

/// One row, read from left to right.
package struct Row: Sendable {
    fileprivate let result: PostgresResult
    fileprivate let index: Int
    private var column = 0

    fileprivate init(result: PostgresResult, index: Int) {
        self.result = result
        self.index = index
    }

    /// Reads the next column.
    /// - Throws: `PostgresError.decoding` when it holds something else, or NULL for a type that is not optional.
    package mutating func next<Value: PostgresDecodable>(_ type: Value.Type = Value.self) throws -> Value {
        let column = column
        guard column < result.columnCount else { throw PostgresError.missingColumn(index: column) }
        self.column += 1
        let value: Value? = result.withField(row: index, column: column) { bytes in
            guard let bytes else { return Value.null }
            return Value.decode(bytes, result.type(column))
        }
        guard let value else {
            let isNull = result.withField(row: index, column: column) { $0 == nil }
            throw PostgresError.decoding(
                column: result.columnName(column), expected: "\(Value.self)",
                found: isNull ? "NULL" : "a value of type \(result.type(column)) that does not fit")
        }
        return value
    }
}
