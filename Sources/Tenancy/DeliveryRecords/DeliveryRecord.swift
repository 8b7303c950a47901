import Platform

/// An update that did not reach its consumer at once, as the consumer's owner sees it.
package struct DeliveryRecord: Sendable {
    package let id: ID<DeliveryRow>
    /// The push consumer, also of what belongs to a replay.
    package let consumer: ID<Consumer>
    /// nil for what does not belong to a replay.
    package let replay: ID<Replay>?
    package let bot: ID<Bot>
    package let updateID: Int64
    package let position: Int64
    package let kind: String
    package let lane: String
    package let status: DeliveryRow.Status
    package let attempts: Int
    package let nextAttemptAt: Timestamp?
    package let lastError: String?
    package let receivedAt: Timestamp
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    /// Dead, and its lane waits until somebody decides.
    package let isParking: Bool
    /// Nothing is sent when it is over.
    package let deadline: Timestamp?
    /// Then nobody sends it any more.
    let isOfCancelledReplay: Bool

    /// Whether what is behind it in its lane waits for it.
    package var holdsLane: Bool { status == .retrying || isParking }
    /// What its row belongs to.
    var owner: ID<Consumer> { replay.map { ID($0.uuid) } ?? consumer }
}

extension DeliveryRecord: RowDecodable {
    static let columns: SQL = """
        delivery.id, coalesce(replay.source_id, delivery.consumer_id), replay.consumer_id, delivery.bot_id, \
        delivery.update_id, delivery.position, delivery.kind, delivery.lane, delivery.status, delivery.attempts, \
        delivery.next_attempt_at, delivery.last_error, delivery.received_at, delivery.created_at, \
        delivery.updated_at, delivery.is_parking, delivery.deadline, \
        coalesce(replay.status = 'cancelled', false)
        """

    package init(row: inout Row) throws {
        id = try row.next()
        consumer = try row.next()
        replay = try row.next()
        bot = try row.next()
        updateID = try row.next()
        position = try row.next()
        kind = try row.next()
        lane = try row.next()
        status = try row.next()
        attempts = Int(try row.next(Int32.self))
        nextAttemptAt = try row.next()
        lastError = try row.next()
        receivedAt = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
        isParking = try row.next()
        deadline = try row.next()
        isOfCancelledReplay = try row.next()
    }
}

/// One with the update itself.
package struct DeliveryWithPayload: Sendable, RowDecodable {
    package let record: DeliveryRecord
    package let payload: JSONBytes

    package init(row: inout Row) throws {
        record = try DeliveryRecord(row: &row)
        payload = try row.next()
    }
}
