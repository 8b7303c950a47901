import Platform

/// What `bot_webhook` shows of a bot that polls.
struct PollState: Sendable, Equatable {
    var state: Webhook.State
    var reason: String?

    // Why a bot that polls has no webhook, when all is as it should be.
    static let polls = "The bot polls"
    static let pollsForNow = "The bot polls, since its webhook fails"
    static let pollsWithoutAddress =
        "The bot polls, since there is no public https address (ROOKERY_PUBLIC_URL)"

    /// All is well. There is no webhook, and none is wanted.
    static let fine = PollState(state: .notSet, reason: nil)

    static func failing(_ reason: String) -> PollState { PollState(state: .failing, reason: reason) }

    static let foreignPoll = PollState(
        state: .conflict, reason: "Somebody else polls with the bot's token: it may be stolen")
}

extension PollState {
    /// Writes many, those only that are news. Why a bot is fine others say more closely; that stays, when it was so
    /// before.
    static func save(_ states: [BotKey: PollState], in tx: PlatformTransaction) async throws {
        let (keys, values) = (Array(states.keys), Array(states.values))
        try await Webhook.lock(keys, in: tx)
        try await tx.execute(
            """
            UPDATE bot_webhook w SET state = n.state, updated_at = clock_timestamp(),
                reason = coalesce(n.reason, CASE bot.mode WHEN 'polling' THEN \(Self.polls)
                    WHEN 'hybrid' THEN \(Self.pollsForNow) ELSE \(Self.pollsWithoutAddress) END)
            FROM unnest(\(keys.map(\.tenant)), \(keys.map(\.bot)), \(values.map(\.state.rawValue)),
                \(values.map(\.reason))) AS n (tenant_id, bot_id, state, reason)
            JOIN bot ON bot.tenant_id = n.tenant_id AND bot.id = n.bot_id
            WHERE w.tenant_id = n.tenant_id AND w.bot_id = n.bot_id
                AND bot.status = 'active' AND bot.transport = 'polling'
                AND (w.state <> n.state OR w.reason <> n.reason)
            """)
    }
}
