import Auth
import Platform
import Tenancy

/// `/v1/consumers/{consumer_id}/replay` and `/v1/replays`: a past range of the log delivered once more.
enum ConsumerReplays {
    /// Only writes down what is to be done; the answer's `Location` tells how far it has come.
    @Sendable static func create(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        let new = try call.body(Replay.New.init)
        let (range, size) = try await measure(new, of: id, call)
        return try await call.write { tx in
            let source = try await call.pushConsumer(id, isLocked: true, in: tx)
            let replay = try await Replay.create(new, of: source, range, size, in: tx)
            try await call.record(
                AuditEvent(.consumerReplay, of: AuditTarget(id), changes: replay.changes), in: tx)
            return .json(202, replay.json, headers: ["Location": "/v1/replays/\(replay.id)"])
        }
    }

    /// Apart from what is written, since counting may end its transaction.
    private static func measure(
        _ new: Replay.New, of id: ID<Consumer>, _ call: Call
    ) async throws -> (Replay.Range, Replay.Size?) {
        let (source, range) = try await call.read { tx in
            let source = try await call.pushConsumer(id, in: tx)
            return (source, try await Replay.range(new, of: source, in: tx))
        }
        do {
            return (
                range, try await call.read { tx in try await Replay.size(new, of: range, source, in: tx) }
            )
        } catch is Replay.Uncountable {
            return (range, nil)
        }
    }

    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        return try await call.page(
            { last, limit, tx in
                guard try await Consumer.known(id, in: tx) != nil else { throw Problem.notFound }
                return try await Replay.page(of: id, after: last, limit: limit, in: tx)
            }, id: \.id)
    }

    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("replay_id", of: Replay.self)
        let replay = try await call.found { tx in try await Replay.find(id, in: tx) }
        return .resource(replay, replay.tag, for: call.request)
    }

    /// What was delivered stays delivered; what is under way ends.
    @Sendable static func cancel(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("replay_id", of: Replay.self)
        return try await call.write { tx in
            guard let replay = try await Replay.find(id, in: tx) else { throw Problem.notFound }
            try replay.version.requireMatch(orVariantIn: call.request)
            guard try await replay.cancel(in: tx) else { return .noContent }
            var changes = AuditChanges()
            changes.add("replay", to: .string(replay.id.description))
            changes.add("status", from: replay.status.rawValue, to: Replay.Status.cancelled.rawValue)
            try await call.record(
                AuditEvent(.consumerReplayCancel, of: AuditTarget(replay.source), changes: changes), in: tx)
            return .noContent
        }
    }
}

extension Replay {
    fileprivate var changes: AuditChanges {
        var changes = AuditChanges()
        changes.add("replay", to: .string(id.description))
        changes.add("from", to: .string("\(from)"))
        changes.add("to", to: .string("\(to)"))
        if let chatID { changes.add("chat_id", to: .number("\(chatID)")) }
        if let kinds { changes.add("kinds", to: .array(kinds.map { .string($0) })) }
        changes.add("per_second", to: .number("\(perSecond)"))
        return changes
    }
}

extension Replay.New {
    fileprivate init?(_ body: inout RequestBody) {
        let from = body.required("from", .timestamp)
        let to = body.required("to", .timestamp)
        let chatID = body.optional("chat_id", .integer(Int.min...Int.max))
        let kinds = body.optional("kinds", .consumerKinds)
        let perSecond = body.optional("per_second", .integer(1...1000))
        guard let from, let to else { return nil }
        guard from < to else {
            body.fail("to", "invalid", "must be after from")
            return nil
        }
        self.init(from: from, to: to)
        self.chatID = chatID.map { Int64($0) }
        self.kinds = kinds
        if let perSecond { self.perSecond = perSecond }
    }
}
