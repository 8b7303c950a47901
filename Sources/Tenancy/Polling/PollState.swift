import Platform

/// What `bot_webhook` shows of a bot that polls.
struct PollState: Sendable, Equatable {
    var state: Webhook.State
    var reason: String?

    /// All is well. There is no webhook, and none is wanted.
    static func fine(_ mode: Bot.Mode) -> PollState { PollState(state: .notSet, reason: mode.pollingReason) }

    static func failing(_ reason: String) -> PollState { PollState(state: .failing, reason: reason) }

    static let foreignPoll = PollState(
        state: .conflict, reason: "Somebody else polls with the bot's token: it may be stolen")

    static func foreignWebhook(_ host: String) -> PollState {
        PollState(state: .conflict, reason: "Somebody else has set a webhook at \(host)")
    }
}

extension PollState {
    /// Writes many, those only that are news.
    static func save(_ states: [BotKey: PollState], in tx: PlatformTransaction) async throws {
        let (keys, values) = (Array(states.keys), Array(states.values))
        try await tx.execute(
            """
            UPDATE bot_webhook w SET state = n.state, reason = n.reason, updated_at = clock_timestamp()
            FROM unnest(\(keys.map(\.tenant)), \(keys.map(\.bot)), \(values.map(\.state.rawValue)),
                \(values.map(\.reason))) AS n (tenant_id, bot_id, state, reason)
            JOIN bot ON bot.tenant_id = n.tenant_id AND bot.id = n.bot_id
            WHERE w.tenant_id = n.tenant_id AND w.bot_id = n.bot_id
                AND bot.status = 'active' AND bot.transport = 'polling'
                AND (w.state, w.reason) IS DISTINCT FROM (n.state, n.reason)
            """)
    }
}
