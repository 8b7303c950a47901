import Platform

extension SealedColumn {
    /// Rows locked at a time.
    private static let page = 100

    /// What came of one page.
    package struct Page: Sendable {
        package var resealed = 0
        /// Secrets that no key of the ring opens. They are left as they are.
        package var unreadable = 0
        /// The last row's key; nil when there are no more.
        package var last: [String]?
    }

    /// Seals anew what another key than the newest has sealed, in the next rows by their key.
    ///
    /// A row that somebody else is changing is passed over, so that nobody waits for anybody: a later pass finds it.
    /// Nothing else of a row changes, its `updated_at` neither: to everybody but the cipher it is as it was.
    /// - Parameter last: the key of the row after which to begin; nil for the first.
    package func reseal(after last: [String]?, box: SecretBox, in tx: PlatformTransaction) async throws
        -> Page
    {
        let rows = try await outdated(after: last, head: box.head, in: tx)
        var page = Page()
        page.last = rows.count < Self.page ? nil : rows.last?.key
        for row in rows {
            let binding = binding(row.key)
            let secrets = try row.secrets.map { secret in
                guard (try? box.isOutdated(secret)) != false else { return secret }
                guard let binding, let opened = try? box.open(secret, for: binding) else {
                    page.unreadable += 1
                    return secret
                }
                page.resealed += 1
                return try box.seal(opened, for: binding)
            }
            if secrets != row.secrets { try await save(secrets, of: row.key, in: tx) }
        }
        return page
    }

    private func outdated(after last: [String]?, head: [UInt8], in tx: PlatformTransaction) async throws
        -> [SealedRow]
    {
        let names = SQL.list(key.map(\.name))
        let beyond: SQL =
            last.map { "(\(names)) > (\(SQL.list(zip(key, $0).map { $0.value($1) })))" } ?? "true"
        return try await tx.all(
            """
            SELECT ARRAY[\(SQL.list(key.map(\.text)))], \(secrets) FROM \(from)
            WHERE \(beyond) AND \(condition) AND EXISTS (
                SELECT FROM unnest(\(secrets)) AS secret
                WHERE substring(secret FROM 1 FOR \(Int32(head.count))) <> \(head))
            ORDER BY \(names) LIMIT \(Int64(Self.page)) FOR NO KEY UPDATE SKIP LOCKED
            """)
    }

    private func save(_ secrets: [[UInt8]], of row: [String], in tx: PlatformTransaction) async throws {
        let value: SQL = holdsSeveral ? "\(secrets)" : "\(secrets.first)"
        try await tx.execute(
            """
            UPDATE \(from) SET \(target) = \(value)
            WHERE (\(SQL.list(key.map(\.name)))) = (\(SQL.list(zip(key, row).map { $0.value($1) })))
            """)
    }

    /// How many secrets each key has sealed, by the keys' names.
    package func keys(in tx: PlatformTransaction) async throws -> [String: Int] {
        // What is too short to name a key stands under the empty name.
        let rows = try await tx.all(
            """
            SELECT CASE WHEN octet_length(secret) > 2
                THEN encode(substring(secret FROM 3 FOR get_byte(secret, 1)), 'escape') ELSE '' END AS key, count(*)
            FROM \(from), unnest(\(secrets)) AS secret WHERE \(condition) GROUP BY 1
            """, as: KeyCount.self)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.key, $0.count) })
    }
}

private struct SealedRow: RowDecodable {
    let key: [String]
    let secrets: [[UInt8]]

    init(row: inout Row) throws {
        key = try row.next()
        secrets = try row.next()
    }
}

private struct KeyCount: RowDecodable {
    let key: String
    let count: Int

    init(row: inout Row) throws {
        key = try row.next()
        count = Int(try row.next(Int64.self))
    }
}
