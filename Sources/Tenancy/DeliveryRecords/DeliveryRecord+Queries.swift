import Platform

extension Consumer {
    /// What the deliveries and attempts belong to that are asked for: a consumer, or a replay of it.
    /// - Returns: nil when it has no such replay.
    package static func delivering(
        _ consumer: ID<Consumer>, replay: ID<Replay>?, in tx: TenantTransaction
    ) async throws -> ID<Consumer>? {
        guard let replay else { return consumer }
        return try await tx.value(
            """
            SELECT consumer_id FROM replay
            WHERE tenant_id = \(tx.tenant) AND source_id = \(consumer) AND consumer_id = \(replay)
            """)
    }
}

extension DeliveryRecord {
    /// Those of a consumer, or of a replay, newest position first.
    package static func page(
        of consumer: ID<Consumer>, _ status: DeliveryRow.Status?, before position: Int64?, limit: Int,
        in tx: TenantTransaction
    ) async throws -> [DeliveryRecord] {
        let ofStatus: SQL = status.map { "AND delivery.status = \($0)" } ?? ""
        let rest: SQL = position.map { "AND delivery.position < \($0)" } ?? ""
        return try await tx.all(
            """
            SELECT \(columns) \(from)
            WHERE delivery.tenant_id = \(tx.tenant) AND delivery.consumer_id = \(consumer) \(ofStatus) \(rest)
            ORDER BY delivery.position DESC LIMIT \(Int64(limit))
            """)
    }

    /// - Returns: nil when this tenant has no such delivery, or its consumer or bot is deleted.
    package static func find(_ id: ID<DeliveryRow>, in tx: TenantTransaction) async throws
        -> DeliveryWithPayload?
    {
        try await tx.first(
            """
            SELECT \(columns), delivery.payload \(from) \(one(id, tx))
            """)
    }

    /// The same, kept from changing until the transaction ends.
    static func locked(_ id: ID<DeliveryRow>, in tx: TenantTransaction) async throws -> DeliveryRecord? {
        try await tx.first("SELECT \(columns) \(from) \(one(id, tx)) FOR UPDATE OF delivery")
    }

    private static func one(_ id: ID<DeliveryRow>, _ tx: TenantTransaction) -> SQL {
        """
        JOIN consumer ON consumer.tenant_id = delivery.tenant_id AND consumer.id = delivery.consumer_id
        JOIN bot ON bot.tenant_id = delivery.tenant_id AND bot.id = delivery.bot_id AND bot.status <> 'deleted'
        WHERE delivery.tenant_id = \(tx.tenant) AND delivery.id = \(id)
        """
    }

    private static let from: SQL = """
        FROM delivery LEFT JOIN replay
            ON replay.tenant_id = delivery.tenant_id AND replay.consumer_id = delivery.consumer_id
        """
}
