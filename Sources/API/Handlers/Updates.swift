import Auth
import Platform
import Tenancy

/// `/v1/bots/{bot_id}/updates`.
enum Updates {
    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        let bot = try call.id("bot_id", of: Bot.self)
        let query = try call.list(filters: ["kind", "chat_id", "received_at[gte]", "received_at[lt]"])
        var filter = UpdateLog.Filter()
        filter.kind = try query.text("kind")
        filter.chatID = try query.filter("chat_id", expected: "a 64-bit integer") { Int64($0) }
        filter.from = try query.time("received_at[gte]")
        filter.until = try query.time("received_at[lt]")
        let position = try query.position
        let listing = try await call.read { [filter] tx in
            guard try await Bot.find(bot, in: tx) != nil else { throw Problem.notFound }
            return try await UpdateLog.list(bot, filter, before: position, limit: query.limit, in: tx)
        }
        return query.answer(
            listing.updates, next: listing.next.map { "\($0)" }, key: { "\($0.position)" },
            write: { $1.write(to: &$0) })
    }

    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        let bot = try call.id("bot_id", of: Bot.self)
        let text = call.request.parameters["update_id"] ?? ""
        guard let id = Int64(text), "\(id)" == text else { throw Problem.notFound }
        let update = try await call.read { tx -> LoggedUpdate? in
            guard try await Bot.find(bot, in: tx) != nil else { return nil }
            return try await UpdateLog.find(id, of: bot, in: tx)
        }
        guard let update else { throw Problem.notFound }
        return .resource(update, ETag(bot, version: update.position), for: call.request)
    }
}
