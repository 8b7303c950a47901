import Platform

/// How many updates have left a consumer's fast path, by what has become of them.
package struct DeliveryCounts: Sendable, Equatable {
    package let retrying: Int64
    package let dead: Int64
    package let expired: Int64

    package static let none = DeliveryCounts(retrying: 0, dead: 0, expired: 0)

    /// Each is counted up to here, and in a list of many consumers up to less.
    static let most = 10_000
    static let mostOfAll = 100_000

    /// - Parameter share: how many consumers share what is counted of all.
    static func find(
        of consumers: [ID<Consumer>], asOf share: Int, in tx: TenantTransaction
    ) async throws -> [ID<Consumer>: DeliveryCounts] {
        let most = Int64(min(most, mostOfAll / max(1, share)))
        func count(_ status: DeliveryRow.Status) -> SQL {
            """
            (SELECT count(*) FROM (SELECT FROM delivery WHERE tenant_id = \(tx.tenant) AND consumer_id = wanted.id
                AND status = \(status) LIMIT \(most)) AS counted)
            """
        }
        let rows = try await tx.all(
            """
            SELECT wanted.id, \(count(.retrying)), \(count(.dead)), \(count(.expired))
            FROM unnest(\(consumers)) AS wanted (id)
            """, as: Counted.self)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.consumer, $0.counts) })
    }

    private struct Counted: RowDecodable {
        let consumer: ID<Consumer>
        let counts: DeliveryCounts

        init(row: inout Row) throws {
            consumer = try row.next()
            counts = DeliveryCounts(retrying: try row.next(), dead: try row.next(), expired: try row.next())
        }
    }
}
