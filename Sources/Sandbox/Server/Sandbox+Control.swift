import Platform

/// What only the control side asks for.
extension Sandbox {
    private static let lanesShown = 1000

    func profile(of telegramID: Int64) throws(SandboxError) -> SandboxBotProfile {
        try bot(telegramID).profile
    }

    func faults(of telegramID: Int64) throws(SandboxError) -> [SandboxFault] {
        try bot(telegramID).faults.faults
    }

    func setFault(_ fault: SandboxFault, of telegramID: Int64) throws(SandboxError) -> [SandboxFault] {
        let bot = try bot(telegramID)
        bot.faults.set(fault)
        return bot.faults.faults
    }

    func clearFaults(of telegramID: Int64) throws(SandboxError) { try bot(telegramID).faults.clear() }

    /// The webhook, its secret included, and what waits, by lane.
    func state(of telegramID: Int64) throws(SandboxError) -> JSON {
        let bot = try bot(telegramID)
        let lanes = bot.pending.lanes.sorted { $0.key.description < $1.key.description }
        return .members([
            "telegram_id": .integer(bot.id),
            "webhook": bot.webhook == nil ? .null : webhookInfo(of: bot),
            "secret_token": bot.webhook?.secretToken.map { .string($0) } ?? .null,
            "is_polling": .bool(bot.poll != nil),
            "pending": [
                "total": .integer(bot.pending.count), "lane_count": .integer(lanes.count),
                "lanes": .array(
                    lanes.prefix(Self.lanesShown).map { lane, count in shape(of: lane, count, bot) }),
            ],
            "in_flight": .integer(bot.lanes.inFlight), "attempts": .integer(bot.health.attempts),
            "deliveries": .integer(bot.health.deliveries), "dropped": .integer(bot.health.dropped),
        ])
    }

    private func shape(of lane: Lane, _ count: Int, _ bot: SandboxBot) -> JSON {
        let head = bot.pending.head(of: lane, at: clock.now)
        return .members([
            "lane": .string(lane.description), "count": .integer(count),
            "update_id": head.map { .integer($0.id) } ?? .null,
            "in_flight": .bool(bot.lanes.isInFlight(lane)), "failures": .integer(head?.retry.failures ?? 0),
            "next_attempt_at": bot.lanes.nextTry(of: lane).map { .string($0.description) } ?? .null,
        ])
    }
}
