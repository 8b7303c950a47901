import Platform

extension Bot {
    /// Newest first.
    package static func page(after last: ID<Bot>?, limit: Int, in tx: TenantTransaction) async throws -> [Bot]
    {
        let rest: SQL = last.map { "AND id < \($0)" } ?? ""
        return try await tx.all(
            """
            SELECT \(columns) FROM bot WHERE tenant_id = \(tx.tenant) AND status <> 'deleted' \(rest)
            ORDER BY id DESC LIMIT \(Int64(limit))
            """)
    }

    /// - Returns: nil when this tenant has no such bot.
    package static func find(_ id: ID<Bot>, in tx: TenantTransaction) async throws -> Bot? {
        try await tx.first(
            """
            SELECT \(columns) FROM bot WHERE tenant_id = \(tx.tenant) AND id = \(id) AND status <> 'deleted'
            """)
    }
}
