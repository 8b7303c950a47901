import Platform

extension BotConnector {
    /// What the reconciler's work on a bot came to.
    enum Outcome: Sendable {
        /// As it was the last time, and well: to be written with others.
        case unchanged(CheckResult)
        /// Written.
        case changed(Webhook.State)
        /// Telegram was not asked.
        case skipped(CheckResult)
        /// Telegram refuses the bot, which is written.
        case ended
    }

    /// Checks a claimed bot and brings about what is wanted of it.
    /// - Throws: `BotAPIError` and `HTTPClientError` when Telegram cannot be asked; nothing is written then.
    func reconcile(_ claimed: BotWork, waits: CheckWaits, probe: WebhookProbe) async throws -> Outcome {
        guard claimed.bot.status == .active else { return .skipped(claimed.postponed(by: Self.endedFor)) }
        guard claimed.bot.isChecked || isUnfinished(claimed) else {
            return .skipped(claimed.result(next: schedule.next(after: .now, for: claimed.bot.id)))
        }
        guard claimed.token != nil else { return try await showSealed(claimed) }
        do {
            var looked = claimed
            let (judgement, events) = try await look(&looked)
            if events.isEmpty, looked.isUnchanged(since: claimed, judgement) {
                return .unchanged(looked.look(next: schedule.next(after: .now, for: claimed.bot.id), claimed))
            }
            let found = looked
            let written = try await carryOut(claimed, isScheduled: true) { work in
                work = found
                return Done(events + (try await act(&work, on: judgement, waits, probe)))
            }
            return .changed(written?.1.state ?? judgement.state)
        } catch let error as BotAPIError where error.bot != nil {
            // Once more for a look's; the work's is written already, and its right is over.
            _ = try? await carryOut(claimed) { _ in throw error }
            return .ended
        }
    }

    private static var sealed: String { "The bot's token does not open with this master key" }

    /// Nothing can be done at Telegram before there is another token, or the right key.
    private func showSealed(_ claimed: BotWork) async throws -> Outcome {
        let next = schedule.next(after: .now, for: claimed.bot.id)
        guard claimed.webhook.state != .failing || claimed.webhook.reason != Self.sealed else {
            return .skipped(claimed.result(next: next))
        }
        let written = try await carryOut(claimed, isScheduled: true) { work in
            work.webhook.state = .failing
            work.webhook.reason = Self.sealed
            work.webhook.nextCheckAt = next
            return Done()
        }
        return .changed(written?.1.state ?? .failing)
    }

    /// Whether its owner asked for something that is not done yet.
    func isUnfinished(_ work: BotWork) -> Bool {
        work.bot.transport != wanted(work)
            || work.bot.transport == .webhook && work.webhook.secretSetAt == nil
    }

    /// A bot that Telegram refuses is looked at when its owner has done something about it.
    private static var endedFor: Duration { .seconds(30 * 86_400) }
    /// A webhook set again proves itself for so long.
    private static var proof: Duration { .seconds(90) }

    private func act(
        _ work: inout BotWork, on judgement: WebhookJudgement, _ waits: CheckWaits, _ probe: WebhookProbe
    ) async throws -> [BotEvent] {
        let before = work.webhook
        let now = Timestamp.now
        if before.fallbackSince != nil, judgement.isQuiet, work.bot.mode == .hybrid,
            work.bot.webhook.isEnabled
        {
            return try await tryWebhook(&work, waits, probe)
        }
        if work.bot.mode != .hybrid {
            // Of an earlier mode.
            work.webhook.fallbackSince = nil
            work.webhook.fallbackProbes = 0
        }
        work.webhook.take(judgement, at: now)
        guard judgement.isWrong, work.bot.isChecked || isUnfinished(work) else {
            work.webhook.nextCheckAt = schedule.next(after: now, for: work.bot.id)
            work.settle(since: before, judgement, waits, at: now, proof: Self.proof)
            return []
        }
        if work.fails(judgement, since: before, waits, at: now) {
            return try await fallBack(&work, judgement.reason ?? "", waits)
        }
        work.webhook.failures = before.failures + 1
        return try await repair(&work, judgement, since: before, waits, at: now)
    }

    private func repair(
        _ work: inout BotWork, _ judgement: WebhookJudgement, since before: Webhook, _ waits: CheckWaits,
        at now: Timestamp
    ) async throws -> [BotEvent] {
        let isWebhookWanted = wanted(work) == .webhook
        let isUnfinished = work.bot.transport != wanted(work)
        var events: [BotEvent] = []
        do {
            events = try await repair(&work, judgement)
            // Done for the first time is not repaired.
            if isUnfinished { work.webhook.failures = 0 }
            // One that polls is well from here on.
            guard isWebhookWanted else { return events }
        } catch let error as BotAPIError where error.bot == nil && !error.isUnavailability && isWebhookWanted
        {
            work.webhook.state = .failing
            work.webhook.reason = "Telegram refuses the webhook: \(error.message)"
            work.webhook.failingSince = before.failingSince ?? now
            if work.bot.mode == .hybrid, now - (before.failingSince ?? now) >= waits.patience {
                return try await fallBack(&work, work.webhook.reason ?? "", waits)
            }
        }
        if work.bot.mode == .hybrid, !isUnfinished || work.webhook.state == .failing {
            work.webhook.nextCheckAt = now + waits.soon
        } else if work.webhook.failures > 1 || work.webhook.state == .failing {
            work.webhook.nextCheckAt = now + waits.afterRepair(work.webhook.failures)
        }
        return events
    }

    // MARK: Hybrid

    private func fallBack(
        _ work: inout BotWork, _ reason: String, _ waits: CheckWaits
    ) async throws -> [BotEvent] {
        let from = work.bot.transport
        work.webhook.fallbackSince = .now
        try await align(&work)
        work.webhook.reason = "The bot polls, since its webhook fails: \(reason)"
        work.webhook.nextCheckAt = .now + waits.beforeTrial(work.webhook.fallbackProbes)
        return [.switched(from: from, to: work.bot.transport, reason: reason)]
    }

    /// Goes back to the webhook when a probe reaches us by it. Whether Telegram does, too, the next looks show.
    private func tryWebhook(
        _ work: inout BotWork, _ waits: CheckWaits, _ probe: WebhookProbe
    ) async throws -> [BotEvent] {
        work.webhook.fallbackProbes += 1
        work.webhook.nextCheckAt = .now + waits.beforeTrial(work.webhook.fallbackProbes)
        guard let url = address.webhookURL(of: work.bot), let secret = work.secrets.first else { return [] }
        let stillPolling = work
        var fault = await probe.fault(of: url, isCustom: work.bot.webhook.url != nil, secret: secret)
        if fault == nil {
            work.webhook.fallbackSince = nil
            do {
                try await align(&work)
            } catch let error as BotAPIError where error.bot == nil && !error.isUnavailability {
                fault = "Telegram refuses it: \(error.message)"
                work = stillPolling
            }
        }
        if let fault {
            work.webhook.reason = "The bot polls, since its webhook fails: \(fault)"
            return []
        }
        let from = stillPolling.bot.transport
        work.webhook.lastRepairedAt = .now
        work.webhook.nextCheckAt = .now + waits.soon
        let reason = "A probe found its webhook working"
        return [.switched(from: from, to: work.bot.transport, reason: reason)]
    }
}

extension Bot {
    /// Hybrid is to mend itself, whatever else.
    var isChecked: Bool { isAutoRefreshed || mode == .hybrid }
}

extension WebhookJudgement {
    fileprivate var isQuiet: Bool { remedy == .none && foreignHost == nil }
}

extension BotWork {
    fileprivate func result(next: Timestamp) -> CheckResult { CheckResult(claimed: self, nextCheckAt: next) }

    func postponed(by wait: Duration) -> CheckResult { result(next: .now + wait) }

    fileprivate func look(next: Timestamp, _ claimed: BotWork) -> CheckResult {
        CheckResult(
            claimed: claimed, pendingUpdateCount: webhook.report.pendingUpdateCount,
            checkedAt: webhook.lastCheckedAt, nextCheckAt: next)
    }

    /// Whether a look has found nothing new but how many updates wait.
    fileprivate func isUnchanged(since claimed: BotWork, _ judgement: WebhookJudgement) -> Bool {
        var report = webhook.report
        report.pendingUpdateCount = claimed.webhook.report.pendingUpdateCount
        let known = claimed.webhook
        return judgement.isQuiet && report == known.report && judgement.state == known.state
            && judgement.reason == known.reason && known.failures == 0 && known.failingSince == nil
            && known.fallbackSince == nil && known.fallbackProbes == 0
    }

    /// Whether a hybrid bot's webhook has failed for long enough, or again right after it was tried.
    fileprivate func fails(
        _ judgement: WebhookJudgement, since before: Webhook, _ waits: CheckWaits, at now: Timestamp
    ) -> Bool {
        guard bot.mode == .hybrid, judgement.remedy == .renew, judgement.state == .failing else {
            return false
        }
        return before.fallbackProbes > 0 || now - (before.failingSince ?? now) >= waits.patience
    }

    /// What a webhook that is well again makes of what was remembered of its failing.
    fileprivate mutating func settle(
        since before: Webhook, _ judgement: WebhookJudgement, _ waits: CheckWaits, at now: Timestamp,
        proof: Duration
    ) {
        guard bot.mode == .hybrid, judgement.state == .healthy else { return }
        let repaired = before.lastRepairedAt ?? before.updatedAt
        // Errors take a while to show.
        if before.failingSince != nil, (webhook.report.pendingUpdateCount ?? 0) > 0, now - repaired < proof {
            webhook.failingSince = before.failingSince
            webhook.failures = before.failures
            webhook.nextCheckAt = now + waits.soon
        }
        guard before.fallbackProbes > 0 else { return }
        if now - repaired >= waits.beforeTrial(before.fallbackProbes, random: 1) {
            webhook.fallbackProbes = 0
        } else {
            webhook.nextCheckAt = min(webhook.nextCheckAt, now + waits.soon)
        }
    }
}
