import Platform

extension DeliveryRecord {
    package enum Refusal: Error, Equatable {
        /// Its time is over: nobody has a use for it any more.
        case deadlinePassed
        /// No lane waits for it.
        case notParked
        /// The replay that it belongs to sends nothing more.
        case replayCancelled
    }

    /// Has it tried again now: a dead one with all its attempts before it, one that waits without waiting further, and
    /// what its lane has before it first.
    /// - Returns: it before and after; nil when this tenant has no such delivery.
    /// - Throws: `Refusal.deadlinePassed`, `Refusal.replayCancelled`
    package static func retry(_ id: ID<DeliveryRow>, in tx: TenantTransaction) async throws
        -> (before: DeliveryRecord, after: DeliveryRecord)?
    {
        try await lockConsumer(of: id, in: tx)
        guard let record = try await locked(id, in: tx) else { return nil }
        if record.isOfCancelledReplay { throw Refusal.replayCancelled }
        let isLate = try await tx.value(
            "SELECT coalesce(\(record.deadline) <= clock_timestamp(), false)", as: Bool.self)
        guard record.status != .expired, isLate == false else { throw Refusal.deadlinePassed }
        switch record.status {
        case .dead, .expired:
            try await tx.execute(
                """
                UPDATE delivery SET status = 'retrying', attempts = 0, is_parking = false,
                    next_attempt_at = clock_timestamp(), updated_at = clock_timestamp()
                WHERE tenant_id = \(tx.tenant) AND id = \(id)
                """)
        case .retrying:
            // Of a lane, only the head has a time; a lane is all of one row where there is no order.
            try await tx.execute(
                """
                UPDATE delivery SET next_attempt_at = clock_timestamp(), updated_at = clock_timestamp()
                WHERE tenant_id = \(tx.tenant) AND (id = \(id)
                    OR consumer_id = \(record.owner) AND lane = \(record.lane) AND status = 'retrying'
                        AND position < \(record.position) AND next_attempt_at IS NOT NULL)
                """)
        }
        return try await record.changed(in: tx)
    }

    /// Lets its lane go on without it. It stays dead.
    /// - Returns: nil when this tenant has no such delivery.
    /// - Throws: `Refusal.notParked`
    package static func skip(_ id: ID<DeliveryRow>, in tx: TenantTransaction) async throws
        -> (before: DeliveryRecord, after: DeliveryRecord)?
    {
        try await lockConsumer(of: id, in: tx)
        guard let record = try await locked(id, in: tx) else { return nil }
        guard record.isParking else { throw Refusal.notParked }
        try await tx.execute(
            """
            UPDATE delivery SET is_parking = false, updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id)
            """)
        return try await record.changed(in: tx)
    }

    /// Before the row, as everybody does who locks both. A replay's is the consumer that it is.
    private static func lockConsumer(of id: ID<DeliveryRow>, in tx: TenantTransaction) async throws {
        try await tx.execute(
            """
            SELECT FROM consumer WHERE tenant_id = \(tx.tenant) AND id = (
                SELECT consumer_id FROM delivery WHERE tenant_id = \(tx.tenant) AND id = \(id))
            FOR NO KEY UPDATE
            """)
    }

    /// Tells the node that delivers, and reads what the row is now.
    private func changed(in tx: TenantTransaction) async throws
        -> (before: DeliveryRecord, after: DeliveryRecord)?
    {
        try await Consumer.noteLanesChanged(owner, of: BotKey(tenant: tx.tenant, bot: bot), in: tx)
        return try await Self.locked(id, in: tx).map { (self, $0) }
    }
}

extension Consumer {
    /// Has the node that delivers look at the lanes of this consumer, or replay, anew: delivery rows were changed from
    /// outside.
    static func noteLanesChanged(
        _ id: ID<Consumer>, of bot: BotKey, in tx: TenantTransaction
    ) async throws {
        try await tx.execute(
            """
            UPDATE consumer SET lanes_changed_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id)
            """)
        try await tx.execute(Deliveries.changeNotice(of: bot))
    }
}
