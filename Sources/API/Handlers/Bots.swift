import Auth
import Platform
import Tenancy

/// `/v1/bots`.
enum Bots {
    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        let query = try call.list()
        let last = try query.after(Bot.self)
        let bots = try await call.read { tx in
            try await Bot.page(after: last, limit: query.limit + 1, in: tx)
        }
        return query.answer(bots, key: \.id.description)
    }

    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("bot_id", of: Bot.self)
        guard let bot = try await call.read({ tx in try await Bot.find(id, in: tx) }) else {
            throw Problem.notFound
        }
        return .resource(bot, ETag(bot.id, bot.updatedAt), for: call.request)
    }
}
