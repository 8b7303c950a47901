import Platform

/// What a look at Telegram says about a bot's webhook, and what is to be done. Pure: all it depends on is passed in.
///
/// A webhook is set again when Telegram has none, or one of ours that is not the one wanted; when nobody knows whether
/// Telegram took the newest secret; when Telegram's last error is younger than an hour and younger than our last repair; when more than 100 updates wait. Errors and a backlog
/// that come from our own side are not mended by setting it again, so they are only told. Somebody else's webhook is
/// replaced only when its owner says so (`take_over`).
struct WebhookJudgement: Sendable, Equatable {
    enum Remedy: Sendable, Equatable {
        case none
        /// What Telegram has is not what is wanted: set the webhook, or delete it.
        case align
        /// It is as wanted, but does not work: set it again.
        case renew
        /// Replace somebody else's.
        case takeOver(host: String)
    }

    /// Older errors are over.
    static let errorAge = Duration.seconds(3600)
    /// Up to as many updates may wait.
    static let pendingLimit = 100

    let state: Webhook.State
    /// In words; nil when there is nothing to say.
    let reason: String?
    let remedy: Remedy
    /// Somebody else's webhook points there.
    var foreignHost: String?

    /// Whether there is something that a repair is for.
    var isWrong: Bool { remedy != .none }

    /// What the judgement is about.
    struct Case: Sendable {
        let bot: Bot
        /// As it was known before the look.
        let webhook: Webhook
        let wanted: Bot.Transport
        /// The webhook wanted; nil while there can be none.
        let wantedURL: String?
        /// What Telegram says now, somebody else's URL included.
        let report: WebhookReport
        let foreignHost: String?
        let now: Timestamp
    }

    init(_ facts: Case, traffic: RecentTraffic? = nil) {
        if let host = facts.foreignHost {
            self = Self.foreign(host, facts)
        } else if facts.wanted == .webhook {
            self = Self.wanted(facts, traffic)
        } else {
            self = Self.unwanted(facts)
        }
    }

    private init(_ state: Webhook.State, _ reason: String?, _ remedy: Remedy, foreignHost: String? = nil) {
        self.state = state
        self.reason = reason
        self.remedy = remedy
        self.foreignHost = foreignHost
    }

    private static func foreign(_ host: String, _ facts: Case) -> WebhookJudgement {
        let replaces = facts.bot.takesOver && facts.wanted != .none
        return WebhookJudgement(
            .conflict,
            """
            Somebody else has set a webhook at \(host): the token may be stolen. Have @BotFather revoke it and put the \
            new one in, or set take_over
            """,
            replaces ? .takeOver(host: host) : .none, foreignHost: host)
    }

    // MARK: A webhook is wanted

    private static func wanted(_ facts: Case, _ traffic: RecentTraffic?) -> WebhookJudgement {
        let url = facts.report.url ?? ""
        if url.isEmpty { return WebhookJudgement(.notSet, "Telegram had no webhook", .align) }
        if url != facts.wantedURL {
            return WebhookJudgement(.degraded, "Telegram had an earlier address", .align)
        }
        if facts.bot.transport != .webhook { return WebhookJudgement(.healthy, nil, .align) }
        if facts.webhook.secretSetAt == nil {
            return WebhookJudgement(.healthy, "Telegram has not been given the newest secret", .align)
        }
        guard let complaint = complaint(of: facts) else { return WebhookJudgement(.healthy, nil, .none) }
        let state: Webhook.State = comesIn(facts, traffic) ? .degraded : .failing
        if let excuse = traffic?.cause(of: facts) {
            return WebhookJudgement(state, "\(complaint). The cause is on this side: \(excuse)", .none)
        }
        return WebhookJudgement(state, complaint, .renew)
    }

    /// What is wrong with a webhook that is set as wanted, in words.
    static func complaint(of facts: Case) -> String? {
        if let at = recentError(of: facts) {
            return "Telegram's last error, at \(at): \(facts.report.lastErrorMessage ?? "it says no more")"
        }
        if let pending = facts.report.pendingUpdateCount, pending > pendingLimit {
            return "\(pending) updates wait at Telegram"
        }
        return nil
    }

    private static func recentError(of facts: Case) -> Timestamp? {
        guard let at = facts.report.lastErrorAt, facts.now - at < errorAge else { return nil }
        // Telegram's dates are whole seconds.
        if let repaired = facts.webhook.lastRepairedAt, at + .seconds(1) <= repaired { return nil }
        return at
    }

    /// Whether updates come in all the same.
    private static func comesIn(_ facts: Case, _ traffic: RecentTraffic?) -> Bool {
        if facts.report.pendingUpdateCount == 0 { return true }
        guard let stored = traffic?.lastStoredAt else { return false }
        guard let error = recentError(of: facts) else { return facts.now - stored < .seconds(300) }
        return stored >= error + .seconds(1)
    }

    // MARK: None is wanted

    private static func unwanted(_ facts: Case) -> WebhookJudgement {
        let isGone = (facts.report.url ?? "").isEmpty
        guard isGone, facts.bot.transport == facts.wanted else {
            let reason = facts.wanted == .polling ? "The bot is to poll" : "There is to be no webhook"
            return WebhookJudgement(facts.webhook.state, reason, .align)
        }
        // The poller says how polling fares; what was said about a webhook is over with it.
        guard facts.wanted == .polling, (facts.webhook.report.url ?? "").isEmpty else {
            return WebhookJudgement(.notSet, facts.webhook.reasonWithout(facts.wanted, facts.bot), .none)
        }
        return WebhookJudgement(facts.webhook.state, facts.webhook.reason, .none)
    }
}
