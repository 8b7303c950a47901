import Auth
import Platform
import Tenancy

/// `/v1/consumers/{consumer_id}/deliveries` and `/v1/deliveries`: what did not reach its consumer at once.
enum DeliveryRecords {
    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        let query = try call.list(filters: ["status", "replay_id"])
        let status = try query.filter(
            "status", expected: "retrying, dead or expired", DeliveryRow.Status.init(rawValue:))
        let replay = try query.replay
        let position = try query.position
        let rows = try await call.read { tx in
            guard try await Consumer.known(id, in: tx) != nil else { throw Problem.notFound }
            guard let owner = try await Consumer.delivering(id, replay: replay, in: tx) else {
                return [DeliveryRecord]()
            }
            return try await DeliveryRecord.page(
                of: owner, status, before: position, limit: query.limit + 1, in: tx)
        }
        return query.answer(rows, key: { "\($0.position)" })
    }

    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("delivery_id", of: DeliveryRow.self)
        let found = try await call.found { tx in try await DeliveryRecord.find(id, in: tx) }
        return .resource(found, found.record.tag, for: call.request)
    }

    @Sendable static func retry(_ call: Call) async throws -> HTTPResponse {
        try await change(call, .deliveryRetry, DeliveryRecord.retry)
    }

    @Sendable static func skip(_ call: Call) async throws -> HTTPResponse {
        try await change(call, .deliverySkip, DeliveryRecord.skip)
    }

    private static func change(
        _ call: Call, _ action: AuditAction,
        _ change: (ID<DeliveryRow>, TenantTransaction) async throws -> (
            before: DeliveryRecord, after: DeliveryRecord
        )?
    ) async throws -> HTTPResponse {
        let id = try call.id("delivery_id", of: DeliveryRow.self)
        return try await call.write { tx in
            guard let (before, after) = try await change(id, tx) else { throw Problem.notFound }
            try await call.record(.changed(action, before, to: after), in: tx)
            return .resource(after, after.tag, for: call.request)
        }
    }

    // MARK: Attempts

    @Sendable static func attempts(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        let query = try call.list(filters: ["update_id", "replay_id"])
        let update = try query.filter("update_id", expected: "a 64-bit integer") { Int64($0) }
        let replay = try query.replay
        let last = try query.position
        let listing = try await call.read { tx -> AttemptRecord.Listing in
            guard try await Consumer.known(id, in: tx) != nil else { throw Problem.notFound }
            guard let owner = try await Consumer.delivering(id, replay: replay, in: tx) else { return .empty }
            return try await AttemptRecord.list(
                of: owner, update: update, before: last, limit: query.limit, in: tx)
        }
        return query.answer(
            listing.attempts, next: listing.next.map { "\($0)" }, key: { "\($0.id)" },
            write: { $1.write(to: &$0) })
    }
}

extension DeliveryRecord {
    fileprivate var tag: ETag { ETag(id, updatedAt) }
}

extension ListQuery {
    /// A replay of the consumer whose list it is.
    fileprivate var replay: ID<Replay>? {
        get throws { try filter("replay_id", expected: "an id replay_…") { ID<Replay>($0) } }
    }
}
