import Auth
import Platform
import Tenancy

/// `/v1/bots/{bot_id}/consumers` and `/v1/consumers`.
enum Consumers {
    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        let bot = try call.id("bot_id", of: Bot.self)
        let query = try call.list()
        let last = try query.after(Consumer.self)
        let consumers = try await call.read { tx in
            guard try await Bot.find(bot, in: tx) != nil else { throw Problem.notFound }
            return try await Consumer.page(of: bot, after: last, limit: query.limit + 1, in: tx)
        }
        return query.answer(consumers, key: \.consumer.id.description)
    }

    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        let found = try await call.found { tx in try await Consumer.find(id, in: tx) }
        // The cursor moves without the consumer being changed.
        let tag = ETag(id, found.consumer.updatedAt).variant(found.cursor)
        return .resource(found, tag, for: call.request)
    }
}
