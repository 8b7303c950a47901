import Platform

extension BotConnector {
    /// Asks Telegram how the bot's webhook is, and writes it down. Repairs nothing; what needs a repair is due for the
    /// reconciler at once.
    /// - Returns: nil when the tenant has no such bot. One that Telegram refuses is not asked about: what is stored.
    /// - Throws: as `work(on:)`.
    package func check(_ key: BotKey) async throws -> (Bot, Webhook)? {
        var checkedAt: Timestamp?
        var result = try await work(on: key) { work in
            guard work.bot.status == .active else { return Done() }
            let (judgement, events) = try await look(&work)
            checkedAt = work.webhook.lastCheckedAt
            work.webhook.take(judgement, at: .now)
            let isRepaired = work.bot.isChecked || isUnfinished(work)
            if judgement.isWrong, isRepaired {
                // Otherwise when the backoff says. The reconciler is who counts.
                if work.webhook.failures == 0 {
                    work.webhook.nextCheckAt = .now
                    work.webhook.lastCheckedAt = nil
                }
            } else {
                let next = schedule.next(after: .now, for: work.bot.id)
                // A trial of a hybrid bot's webhook is not put off.
                let isOnTrial = work.webhook.fallbackSince != nil || work.webhook.fallbackProbes > 0
                work.webhook.nextCheckAt = isOnTrial ? min(work.webhook.nextCheckAt, next) : next
            }
            return Done(events)
        }
        if let checkedAt { result?.1.lastCheckedAt = checkedAt }
        return result
    }

    /// Sets the webhook again now, also when nothing seems to be wrong; deletes it when none is wanted. A hybrid bot
    /// that polls tries its webhook again.
    /// - Parameter record: notes it when it is done.
    /// - Returns: nil when the tenant has no such bot.
    /// - Throws: `WebhookConflict` for somebody else's webhook without `take_over`; it is written down, too. Otherwise
    ///   as `work(on:)`.
    package func refresh(
        _ key: BotKey, if condition: Condition = { _ in },
        record: (Bot, TenantTransaction) async throws -> Void = { _, _ in }
    ) async throws -> (Bot, Webhook)? {
        var conflict: WebhookConflict?
        let result = try await work(on: key, if: condition) { work in
            guard work.bot.status == .active else { return Done() }
            let before = work.webhook
            work.webhook.fallbackSince = nil
            work.webhook.fallbackProbes = 0
            let (judgement, events) = try await look(&work)
            if let host = judgement.foreignHost, !work.bot.takesOver {
                conflict = WebhookConflict(host: host)
                work.webhook.fallbackSince = before.fallbackSince
                work.webhook.fallbackProbes = before.fallbackProbes
                work.webhook.take(judgement, at: .now)
                return Done(events)
            }
            let repaired = try await repair(&work, judgement, isAskedFor: true)
            let bot = work.bot
            try await database.write(key.tenant) { tx in try await record(bot, tx) }
            return Done(events + repaired)
        }
        if let conflict { throw conflict }
        return result
    }

    // MARK: Pieces

    /// How the bot's updates are to come in.
    func wanted(_ work: BotWork) -> Bot.Transport {
        address.wantedTransport(of: work.bot, isFallenBack: work.webhook.fallbackSince != nil)
    }

    /// Asks Telegram, and puts its report and the time into the work.
    /// - Returns: what that means, and what is new about it.
    func look(_ work: inout BotWork) async throws -> (WebhookJudgement, [BotEvent]) {
        let info = try await telegram.getWebhookInfo(token: try work.requireToken())
        let (bot, before) = (work.bot, work.webhook)
        let host = address.foreignHost(of: info.url, bot: bot, lastSet: before.url)
        let report = WebhookReport(info, isForeign: host != nil)
        let facts = WebhookJudgement.Case(
            bot: bot, webhook: before, wanted: wanted(work), wantedURL: address.webhookURL(of: bot),
            report: report, foreignHost: host, now: .now)
        var judgement = WebhookJudgement(facts)
        if judgement.remedy == .renew {
            let traffic = try await database.read(bot.tenant) { tx in
                try await RecentTraffic.find(bot.id, in: tx)
            }
            judgement = WebhookJudgement(facts, traffic: traffic)
        }
        work.webhook.report = report
        work.webhook.lastCheckedAt = facts.now
        guard let host, judgement.remedy == .none else { return (judgement, []) }
        let isKnown = before.state == .conflict && before.report.url == report.url
        return (judgement, isKnown ? [] : [.foreignWebhook(host: host)])
    }

    /// Sets the webhook again, or deletes it, as is wanted.
    /// - Parameter isAskedFor: by somebody, whose own audit entry tells of it.
    /// - Returns: what to tell of it.
    func repair(
        _ work: inout BotWork, _ judgement: WebhookJudgement, isAskedFor: Bool = false
    ) async throws -> [BotEvent] {
        let from = work.bot.transport
        try await align(&work, renews: judgement.remedy == .renew || isAskedFor)
        let to = work.bot.transport
        // Done for the first time is not repaired.
        if to == .webhook, from == .webhook || isAskedFor { work.webhook.lastRepairedAt = .now }
        if isAskedFor {
            work.webhook.failures = 0
            work.webhook.failingSince = nil
        }
        if case .takeOver(let host) = judgement.remedy { return [.takenOver(host: host)] }
        if from == .polling, to == .webhook, isAskedFor, work.bot.mode == .hybrid {
            return [.switched(from: from, to: to, reason: "Somebody had its webhook set again")]
        }
        // What its owner asked for and was not done before needs no entry of its own.
        guard from == to, !isAskedFor, let reason = judgement.reason else { return [] }
        return [.repaired(reason: reason)]
    }
}
