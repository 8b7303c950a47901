import Platform
import Tenancy

extension OwnerAlarm {
    /// - Returns: nil for what is no alarm.
    init?(_ event: BotEvent, of bot: Bot) {
        guard let text = event.explanation else { return nil }
        let name = bot.username.map { "@\($0)" } ?? bot.name
        self.init(
            tenant: bot.tenant, subject: "Your bot \(name) needs you", topic: "\(name) (\(bot.id))",
            text: text)
    }
}

extension BotEvent {
    /// For the bot's owner; nil for what is no alarm.
    fileprivate var explanation: String? {
        switch self {
        case .tokenRevoked:
            """
            Telegram knows its token no more: it was revoked, or the bot deleted. No updates come in. Put the new token \
            in with PUT /v1/bots/{bot_id}/token.
            """
        case .blocked:
            "Telegram refuses it: the bot may have been blocked. No updates come in."
        case .foreignWebhook(let host):
            """
            Somebody else has set a webhook at \(host) and gets the bot's updates. If that was not you, the token may be \
            stolen: have @BotFather revoke it and put the new one in with PUT /v1/bots/{bot_id}/token.
            """
        case .foreignPoll:
            """
            Somebody else polls for the bot's updates. If that was not you, the token may be stolen: have @BotFather \
            revoke it and put the new one in with PUT /v1/bots/{bot_id}/token.
            """
        case .repaired, .switched, .takenOver, .imported, .importUndone, .secretsRetired: nil
        }
    }
}
