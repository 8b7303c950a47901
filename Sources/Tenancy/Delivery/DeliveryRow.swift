import Platform

/// An update that left the fast path: a row of the table delivery.
package struct DeliveryRow: Sendable, Identified {
    package static let prefix = "delivery"

    enum Fault: Error {
        /// Under this epoch the row cannot be written any more: the consumer is another node's, or the row is gone.
        case notHeld
    }

    package enum Status: String, Sendable, CaseIterable, PostgresCodable { case retrying, dead, expired }

    let id: ID<DeliveryRow>
    let update: LoggedUpdate
    let attempts: Int
    /// nil: at once.
    let dueAt: Timestamp?
    /// Dead, and its lane waits until somebody decides.
    let isParking: Bool
}

extension DeliveryRow: RowDecodable {
    package init(row: inout Row) throws {
        id = try row.next()
        attempts = Int(try row.next(Int32.self))
        dueAt = try row.next()
        isParking = try row.next()
        update = try LoggedUpdate(row: &row)
    }
}

/// A delivery row to be made.
struct NewDeliveryRow: Sendable {
    let update: LoggedUpdate
    let lane: String
    var status = DeliveryRow.Status.retrying
    var isParking = false
    var attempts = 0
    /// Only the head of a lane has one.
    var nextAttemptAt: Timestamp?
    var lastError: String?
}

extension DeliveryRow {
    /// Stores `rows` and the cursor that counts them as settled, in one durable transaction: after a crash no
    /// update is both in a row and in the window. The journal may write a newer cursor first, or an older one after.
    /// - Returns: false when the consumer belongs to a newer epoch; then nothing was stored.
    static func store(
        _ rows: [NewDeliveryRow], of consumer: Consumer, progress: DeliveryJournal.Progress,
        in database: Database
    ) async throws -> Bool {
        let results = try await database.system.withConnection { connection in
            try await connection.pipeline([
                ConsumerCursor.move([consumer.id: progress], marks: false),
                """
                INSERT INTO delivery (tenant_id, id, consumer_id, bot_id, position, update_id, kind, lane, deadline,
                    received_at, payload, status, is_parking, attempts, next_attempt_at, last_error)
                SELECT \(consumer.bot.tenant), r.id, \(consumer.id), \(consumer.bot.bot), r.position, r.update_id,
                    r.kind, r.lane, r.deadline, r.received_at, r.payload, r.status, r.is_parking, r.attempts, r.next_attempt_at,
                    r.last_error
                FROM unnest(\(rows.map { _ in ID<DeliveryRow>() }), \(rows.map(\.update.position)),
                    \(rows.map(\.update.updateID)), \(rows.map(\.update.kind)), \(rows.map(\.lane)),
                    \(rows.map(\.update.deadline)), \(rows.map(\.update.receivedAt)), \(rows.map(\.update.payload)),
                    \(rows.map(\.status.rawValue)), \(rows.map(\.isParking)), \(rows.map { Int32($0.attempts) }), \(rows.map(\.nextAttemptAt)),
                    \(rows.map(\.lastError)))
                    AS r (id, position, update_id, kind, lane, deadline, received_at, payload, status, is_parking,
                        attempts, next_attempt_at, last_error)
                WHERE EXISTS (
                    SELECT FROM consumer_cursor WHERE tenant_id = \(consumer.bot.tenant)
                        AND consumer_id = \(consumer.id) AND epoch = \(progress.epoch))
                ON CONFLICT (tenant_id, consumer_id, position) DO NOTHING
                """,
            ])
        }
        return results[0].affectedRows == 1
    }

    /// The first row of a lane that is held, whatever is to be done with it.
    static func head(of lane: String, _ consumer: Consumer, in database: Database) async throws
        -> DeliveryRow?
    {
        try await database.system.withConnection { connection in
            try await connection.first(head(of: lane, consumer), as: DeliveryRow.self)
        }
    }

    private static func head(of lane: String, _ consumer: Consumer) -> SQL {
        """
        SELECT id, attempts, next_attempt_at, is_parking, \(LoggedUpdate.deliveryColumns) FROM delivery
        WHERE tenant_id = \(consumer.bot.tenant) AND consumer_id = \(consumer.id) AND lane = \(lane)
            AND (status = 'retrying' OR is_parking)
        ORDER BY position LIMIT 1
        """
    }

    /// Delivered: the row has done its work.
    /// - Returns: the first row of the lane after it, in the same round trip; nil when no lane is asked for.
    /// - Throws: `Fault.notHeld`; the row may still be there.
    func remove(
        of consumer: Consumer, epoch: Int64, thenHeadOf lane: String?, in database: Database
    ) async throws -> DeliveryRow? {
        let results = try await database.system.withConnection { connection in
            let removal: SQL = """
                DELETE FROM delivery WHERE tenant_id = \(consumer.bot.tenant) AND id = \(id)
                    AND \(Self.isHeld(consumer, epoch))
                """
            return try await connection.pipeline(
                [removal] + (lane.map { [Self.head(of: $0, consumer)] } ?? []))
        }
        guard results[0].affectedRows == 1 else { throw Fault.notHeld }
        return try results.dropFirst().first?.decoded(as: DeliveryRow.self).first
    }

    /// Writes down a failed attempt, or the row's end.
    /// - Throws: `Fault.notHeld`; the row may still be as it was.
    func update(
        _ status: Status, isParking: Bool = false, attempts: Int, dueAt: Timestamp?, lastError: String?,
        of consumer: Consumer, epoch: Int64, in database: Database
    ) async throws {
        let count = try await database.system.withConnection { connection in
            try await connection.execute(
                """
                UPDATE delivery SET status = \(status), is_parking = \(isParking),
                    attempts = \(Int32(attempts)), next_attempt_at = \(dueAt), last_error = \(lastError),
                    updated_at = now()
                WHERE tenant_id = \(consumer.bot.tenant) AND id = \(id) AND \(Self.isHeld(consumer, epoch))
                """)
        }
        guard count == 1 else { throw Fault.notHeld }
    }

    static func isHeld(_ consumer: Consumer, _ epoch: Int64) -> SQL {
        """
        EXISTS (SELECT FROM consumer_cursor WHERE tenant_id = \(consumer.bot.tenant)
            AND consumer_id = \(consumer.id) AND epoch = \(epoch))
        """
    }
}

extension LoggedUpdate {
    /// As `columns`, from a delivery row, which has no chat of its own.
    fileprivate static let deliveryColumns: SQL = """
        position, update_id, kind, lane, NULL::bigint AS chat_id, deadline, received_at, payload
        """
}
