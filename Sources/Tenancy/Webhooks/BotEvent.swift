import Platform

/// What the platform did to a bot by itself, or found out about it. Each is noted in the audit trail, in the
/// transaction that writes it.
package enum BotEvent: Sendable, Equatable {
    /// The webhook was set again, for this reason.
    case repaired(reason: String)
    /// How updates come in has changed by itself: a hybrid bot's webhook failed, or works again.
    case switched(from: Bot.Transport, to: Bot.Transport, reason: String)
    /// Telegram knows the token no more.
    case tokenRevoked
    /// Telegram refuses the bot.
    case blocked
    /// Somebody else has set a webhook at this host: the token may be stolen.
    case foreignWebhook(host: String)
    /// Somebody else polls with the token.
    case foreignPoll
    /// Somebody else's webhook at this host was replaced.
    case takenOver(host: String)
    /// It was connected by an import.
    case imported(ID<BotImport>)
    /// Telegram refused the webhook of a bot that an import had just stored: it was deleted.
    case importUndone
    /// Telegram uses the new secret; the old ones are not valid any more.
    case secretsRetired

    /// Whether the tenant's owners are told by e-mail.
    package var isAlarm: Bool {
        switch self {
        case .tokenRevoked, .blocked, .foreignWebhook, .foreignPoll: true
        case .repaired, .switched, .takenOver, .imported, .importUndone, .secretsRetired: false
        }
    }
}

/// Where events of bots go: the modules above know what an audit trail and an e-mail are.
package struct BotEvents: Sendable {
    /// In the transaction of what it tells of.
    package let record: @Sendable (BotEvent, Bot, TenantTransaction) async throws -> Void
    /// After its commit. Waits for nothing.
    package let tell: @Sendable (BotEvent, Bot) -> Void

    package init(
        record: @escaping @Sendable (BotEvent, Bot, TenantTransaction) async throws -> Void,
        tell: @escaping @Sendable (BotEvent, Bot) -> Void
    ) {
        self.record = record
        self.tell = tell
    }

    /// Keeps nothing and tells nobody.
    package static let none = BotEvents(record: { _, _, _ in }, tell: { _, _ in })
}
