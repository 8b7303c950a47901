/// What a connection and a transaction have in common: statements and their rows.
package protocol PostgresQuerying: Sendable {
    func query(_ sql: SQL) async throws -> PostgresRows
}

extension PostgresQuerying {
    package func all<R: RowDecodable>(_ sql: SQL, as: R.Type = R.self) async throws
        -> [R]
    {
        try await query(sql).decoded()
    }

    /// The first row; nil when there is none.
    package func first<R: RowDecodable>(_ sql: SQL, as: R.Type = R.self) async throws
        -> R?
    {
        let rows = try await query(sql)
        guard !rows.isEmpty else { return nil }
        var row = rows[0]
        return try R(row: &row)
    }

    /// The first column of the first row; nil when there is no row.
    package func value<Value: PostgresDecodable>(
        _ sql: SQL, as: Value.Type = Value.self
    ) async throws -> Value? {
        let rows = try await query(sql)
        guard !rows.isEmpty else { return nil }
        var row = rows[0]
        return try row.next(Value.self)
    }

    /// The first column of every row.
    package func values<Value: PostgresDecodable>(
        _ sql: SQL, as: Value.Type = Value.self
    ) async throws -> [Value] {
        try await query(sql).map { row in
            var row = row
            return try row.next()
        }
    }

    /// - Returns: how many rows were inserted, changed or deleted.
    @discardableResult
    package func execute(_ sql: SQL) async throws -> Int {
        try await query(sql).affectedRows
    }
}
