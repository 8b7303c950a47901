import Platform

/// What only the control side asks for.
extension Sandbox {
    private static let lanesShown = 1000

    func profile(of telegramID: Int64) throws(SandboxError) -> SandboxBotProfile {
        try bot(telegramID).profile
    }

    package func isPolling(_ telegramID: Int64) throws(SandboxError) -> Bool {
        try bot(telegramID).poll != nil
    }

    /// Updates that are neither delivered nor confirmed.
    package func pendingCount(of telegramID: Int64) throws(SandboxError) -> Int {
        try bot(telegramID).pending.count
    }

    func faults(of telegramID: Int64) throws(SandboxError) -> [SandboxFault] {
        try bot(telegramID).faults.faults
    }

    /// Takes the place of the bot's fault for the same method.
    @discardableResult
    package func setFault(_ fault: SandboxFault, of telegramID: Int64) throws(SandboxError) -> [SandboxFault]
    {
        let bot = try bot(telegramID)
        bot.faults.set(fault)
        return bot.faults.faults
    }

    package func clearFaults(of telegramID: Int64) throws(SandboxError) { try bot(telegramID).faults.clear() }

    /// Every bot's calls meet it, before faults of its own, and calls with tokens of no bot, too: an outage. Long polls
    /// that wait end with it, unless it is a silence or for a number of calls only.
    @discardableResult
    package func setFaultOfAll(_ fault: SandboxFault) -> [SandboxFault] {
        faults.set(fault)
        if case .error(let error) = fault.kind, fault.remaining == nil, fault.isFor("getupdates") {
            for bot in bots.values { endPoll(of: bot, with: .failure(error)) }
        }
        return faults.faults
    }

    package func clearFaultsOfAll() { faults.clear() }

    /// Takes the place of the one before. nil: what waits for its next try is sent again at once.
    package func setDeliveryFault(_ fault: DeliveryFault?, of telegramID: Int64) throws(SandboxError) {
        let bot = try bot(telegramID)
        bot.deliveryFault = fault
        if fault == nil {
            bot.lanes.endWaits()
            pump(bot)
        }
    }

    /// What getWebhookInfo says from now on, until a webhook is set that differs, or is deleted.
    package func overrideWebhookInfo(_ override: WebhookInfoOverride?, of telegramID: Int64)
        throws(SandboxError)
    {
        try bot(telegramID).infoOverride = override
    }

    /// nil: none is too many.
    package func setNewTokenLimit(_ limit: NewTokenLimit?) { newTokenLimit = limit }

    /// Calls of all bots above `id`, oldest first.
    /// - Parameter method: without regard to case; nil for all.
    package func allCalls(method: String? = nil, after id: Int = 0) -> [LedgerEntry] {
        Array(ledger.after(id, method: method))
    }

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
