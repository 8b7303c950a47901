import Platform

extension Sandbox {
    private static let longest = Int64(50)

    /// Answers at once when updates wait, else as soon as one comes or the time-out is over. An offset
    /// confirms all below it; −n forgets all but the last n. A newer getUpdates ends one that waits.
    func getUpdates(_ bot: SandboxBot, _ parameters: CallParameters) async throws(BotAPIRefusal)
        -> BotAPIAnswer
    {
        guard bot.webhook == nil else { throw .webhookIsActive }
        endPoll(of: bot, with: .failure(.otherGetUpdates))
        bot.allowedUpdates.take(from: parameters)
        let offset = parameters.integer("offset") ?? 0
        if offset < 0 {
            bot.pending.keepLast(Int(clamping: offset.magnitude))
        } else {
            bot.pending.confirm(below: offset)
        }
        bot.lanes.prune { !bot.pending.isEmpty($0) }
        let limit = Int(min(max(parameters.integer("limit") ?? 100, 1), 100))
        let timeout = min(max(parameters.integer("timeout") ?? 0, 0), Self.longest)
        if let answer = waiting(for: bot, limit: limit) { return answer }
        guard timeout > 0, !isStopped else { return .success([]) }
        let ended = await withCheckedContinuation { beginPoll(of: bot, timeout: .seconds(timeout), $0) }
        if let ended { return ended }
        guard bot.webhook == nil else { throw .terminatedBySetWebhook }
        return waiting(for: bot, limit: limit) ?? .success([])
    }

    /// Other jobs of the loop may have run since it was found that nothing waits, so this looks again.
    private func beginPoll(
        of bot: SandboxBot, timeout: Duration, _ continuation: CheckedContinuation<BotAPIAnswer?, Never>
    ) {
        if bot.webhook != nil { return continuation.resume(returning: .failure(.terminatedBySetWebhook)) }
        if bot.pending.count > 0 || isStopped { return continuation.resume(returning: nil) }
        endPoll(of: bot, with: .failure(.otherGetUpdates))
        let poll = LongPoll(continuation)
        bot.poll = poll
        let id = bot.id
        poll.timer = loop.schedule(after: clock.outside(timeout)) { [weak self] in
            self?.assumeIsolated { sandbox in
                guard let bot = try? sandbox.bot(id) else { return }
                sandbox.endPoll(of: bot, with: .success([]))
            }
        }
    }

    /// nil when none waits.
    private func waiting(for bot: SandboxBot, limit: Int) -> BotAPIAnswer? {
        let updates = bot.pending.oldest(limit, at: clock.now)
        guard !updates.isEmpty else { return nil }
        return .success(.array(updates.compactMap { try? JSON(parsing: $0.body) }))
    }

    /// Ends the getUpdates that waits, if one does.
    /// - Parameter answer: nil lets it look for updates again.
    func endPoll(of bot: SandboxBot, with answer: BotAPIAnswer?) {
        guard let poll = bot.poll else { return }
        bot.poll = nil
        if let timer = poll.timer { loop.cancel(timer) }
        poll.end(answer)
    }
}
