import Platform

/// One try at handing an update to a push consumer, as its owner sees it.
package struct AttemptRecord: Sendable, RowDecodable {
    /// What the endpoint's answer asked the bot to do, and what came of it.
    package struct Reply: Sendable {
        package let method: String
        /// nil when it was not carried out.
        package let isOK: Bool?
        package let result: String?
    }

    package let id: Int64
    package let updateID: Int64
    package let position: Int64
    package let number: Int
    package let statusCode: Int?
    package let milliseconds: Int
    package let error: String?
    package let response: [UInt8]?
    package let reply: Reply?
    package let at: Timestamp

    package init(row: inout Row) throws {
        id = try row.next()
        updateID = try row.next()
        position = try row.next()
        number = Int(try row.next(Int32.self))
        statusCode = try row.next(Int32?.self).map(Int.init)
        milliseconds = Int(try row.next(Int32.self))
        error = try row.next()
        response = try row.next()
        let (method, isOK, result) = (
            try row.next(String?.self), try row.next(Bool?.self), try row.next(String?.self)
        )
        reply = method.map { Reply(method: $0, isOK: isOK, result: result) }
        at = try row.next()
    }

    private static let columns: SQL = """
        id, update_id, position, attempt, status_code, duration_ms, error, response, reply_method, reply_ok, \
        reply_result, at
        """
}

extension AttemptRecord {
    /// Some attempts, newest first.
    package struct Listing: Sendable {
        package let attempts: [AttemptRecord]
        /// The attempt before which the list goes on; nil at its end.
        package let next: Int64?

        package static let empty = Listing(attempts: [], next: nil)
    }

    /// How many attempts are looked through for one page: as there is no index by update, since attempts are written
    /// for every delivery, looking for one gives short, even empty, pages.
    static let lookedThrough: Int64 = 20_000

    /// Those of a consumer, or of a replay.
    package static func list(
        of consumer: ID<Consumer>, update: Int64?, before id: Int64?, limit: Int,
        lookingThrough window: Int64 = lookedThrough, in tx: TenantTransaction
    ) async throws -> Listing {
        var condition: SQL = "tenant_id = \(tx.tenant) AND consumer_id = \(consumer)"
        if let id { condition = condition + " AND id < \(id)" }
        var floor: Int64?
        if let update {
            let scanned = try await tx.first(
                """
                SELECT min(id), count(*) FROM (
                    SELECT id FROM delivery_attempt WHERE \(condition) ORDER BY id DESC LIMIT \(window)) AS scanned
                """, as: Scanned.self)
            floor = scanned.flatMap { $0.count == window ? $0.least : nil }
            condition = condition + " AND update_id = \(update)"
        }
        if let floor { condition = condition + " AND id >= \(floor)" }
        let rows = try await tx.all(
            """
            SELECT \(columns) FROM delivery_attempt WHERE \(condition) ORDER BY id DESC LIMIT \(Int64(limit) + 1)
            """, as: AttemptRecord.self)
        let page = Array(rows.prefix(limit))
        return Listing(attempts: page, next: rows.count > limit ? page.last?.id : floor)
    }

    private struct Scanned: RowDecodable {
        let least: Int64?
        let count: Int64
        init(row: inout Row) throws {
            least = try row.next()
            count = try row.next()
        }
    }
}
