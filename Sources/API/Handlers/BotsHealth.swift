import Auth
import Platform
import Tenancy

/// How bots fare.
enum BotsHealth {
    /// `GET /v1/bots/{bot_id}/health`
    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("bot_id", of: Bot.self)
        let health = try await call.found { tx in try await BotHealth.find(id, in: tx) }
        return .json(200, health.json)
    }

    /// `GET /v1/health/webhooks`: the tenant's bots; for a platform admin who names no tenant, all bots.
    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        let query = try call.list(filters: ["state"])
        let state = try query.filter(
            "state", expected: Webhook.State.allCases.map(\.rawValue).joined(separator: ", "),
            Webhook.State.init(rawValue:))
        let last = try query.after(Bot.self)
        let limit = query.limit + 1
        let rows =
            call.caller.tenant == nil
            ? try await call.readPlatform { tx in
                try await WebhookStanding.page(state, after: last, limit: limit, in: tx)
            }
            : try await call.read { tx in
                try await WebhookStanding.page(state, after: last, limit: limit, in: tx)
            }
        return query.answer(rows, key: \.bot.description)
    }
}
