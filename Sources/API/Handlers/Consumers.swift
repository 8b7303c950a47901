import Auth
import Platform
import Tenancy

/// `/v1/bots/{bot_id}/consumers` and `/v1/consumers`.
struct Consumers {
    let destinations: DestinationRule

    // MARK: Reading

    @Sendable func list(_ call: Call) async throws -> HTTPResponse {
        let bot = try call.id("bot_id", of: Bot.self)
        let query = try call.list()
        let last = try query.after(Consumer.self)
        let consumers = try await call.read { tx in
            guard try await Bot.find(bot, in: tx) != nil else { throw Problem.notFound }
            let page = try await Consumer.page(of: bot, after: last, limit: query.limit + 1, in: tx)
            return try await ConsumerAnswer.all(page, box: call.box, in: tx)
        }
        return query.answer(consumers, key: \.consumer.id.description)
    }

    @Sendable func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        let answer = try await call.read { tx in try await call.answer(of: id, isBrief: false, in: tx) }
        return .resource(answer, answer.tag, for: call.request)
    }

    // MARK: Making and changing

    /// The only answer, but for that of a rotation, that ever holds the secret.
    @Sendable func create(_ call: Call) async throws -> HTTPResponse {
        let bot = try call.id("bot_id", of: Bot.self)
        let new = try call.body { NewConsumer(&$0, destinations: destinations) }.new
        return try await call.write { tx in
            guard try await Bot.find(bot, in: tx) != nil else { throw Problem.notFound }
            let consumer = try await Consumer.create(
                new, of: bot, box: ConsumerSecrets(box: call.box), in: tx)
            try await call.record(.created(consumer), in: tx)
            let answer = try await call.answer(of: consumer.id, secret: new.signingSecret, in: tx)
            return .created(answer, at: "/v1/consumers/\(consumer.id)", answer.tag)
        }
    }

    @Sendable func update(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        let body = try call.patch()
        return try await call.write { tx in
            let old = try await Consumer.locked(id, in: tx)
            // As everywhere, a wrong body is told before that there is nothing to change.
            let patch = try body.read { ConsumerPatch(&$0, of: old?.kind, destinations: destinations) }
            guard let old else { throw Problem.notFound }
            try old.tag.requireMatch(orVariantIn: call.request)
            let new = patch.applied(to: old)
            var changes = AuditChanges(from: old, to: new)
            if !changes.isEmpty { try await new.save(in: tx) }
            try await change(patch.telegramSecret, of: new, &changes, call, in: tx)
            if !changes.isEmpty {
                try await call.record(
                    AuditEvent(.consumerUpdate, of: AuditTarget(id), changes: changes), in: tx)
            }
            return try await call.response(of: id, in: tx)
        }
    }

    private func change(
        _ patch: Patch<String>, of consumer: Consumer, _ changes: inout AuditChanges, _ call: Call,
        in tx: TenantTransaction
    ) async throws {
        if case .unchanged = patch { return }
        try await consumer.setTelegramSecret(
            patch.applied(to: nil), box: ConsumerSecrets(box: call.box), in: tx)
        changes.addSecret("telegram_secret_token")
    }

    /// Its replays, too. What was not delivered is gone with it.
    @Sendable func delete(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        return try await call.write { tx in
            let deleted = try await Consumer.delete(id, in: tx) { consumer in
                try consumer.tag.requireMatch(orVariantIn: call.request)
            }
            guard let deleted else { throw Problem.notFound }
            try await call.record(.deleted(deleted), in: tx)
            return .noContent
        }
    }
}

extension Consumer {
    /// Without what changes by itself.
    var tag: ETag { ETag(id, updatedAt) }
}

extension Call {
    /// The consumer as it is now.
    /// - Parameters:
    ///   - secret: what it signs with, when that has just been made.
    ///   - isBrief: whether little is looked through for lag and counts, as befits a transaction that changes it.
    func answer(
        of id: ID<Consumer>, secret: String? = nil, isBrief: Bool = true, in tx: TenantTransaction
    ) async throws -> ConsumerAnswer {
        let found = try await Consumer.find(id, isBrief: isBrief, in: tx).map { [$0] } ?? []
        guard var answer = try await ConsumerAnswer.all(found, box: box, in: tx).first else {
            throw Problem.notFound
        }
        answer.secret = secret
        return answer
    }

    /// The same as an answer, with its version.
    func response(
        of id: ID<Consumer>, secret: String? = nil, in tx: TenantTransaction
    ) async throws -> HTTPResponse {
        let answer = try await answer(of: id, secret: secret, in: tx)
        return .resource(answer, answer.tag, for: request)
    }
}
