import Auth
import Platform
import Tenancy

/// `/v1/bots`.
enum Bots {
    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        try await call.page(Bot.page(after:limit:in:), id: \.id)
    }

    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("bot_id", of: Bot.self)
        let bot = try await call.found { tx in try await Bot.find(id, in: tx) }
        return .resource(bot, ETag(bot.id, bot.updatedAt), for: call.request)
    }
}
