import Auth
import Platform
import Tenancy

extension BotEvents {
    /// Notes each in the audit trail, as the platform's own doing, and tells the owner of those that they should look at.
    /// - Parameter alarms: nil where nobody runs who would send them, as for a command.
    init(trail: AuditTrail, alarms: OwnerAlarms? = nil, logger: Logger) {
        self.init { event, bot, tx in
            try await trail.record(AuditEvent(event, of: bot), by: .platform, from: .platform, in: tx)
        } tell: { event, bot in
            guard event.isAlarm else { return }
            logger.warning(
                "a bot needs its owner", ["bot": "\(bot.id)", "event": "\(AuditAction(event).rawValue)"])
            if let alarm = OwnerAlarm(event, of: bot) { alarms?.raise(alarm) }
        }
    }
}

extension AuditAction {
    fileprivate init(_ event: BotEvent) {
        self =
            switch event {
            case .repaired: .webhookRepair
            case .switched: .botTransport
            case .tokenRevoked, .blocked: .botStatus
            case .foreignWebhook, .foreignPoll: .webhookConflict
            case .takenOver: .webhookTakeOver
            case .imported: .botCreate
            case .importUndone: .botDelete
            case .secretsRetired: .webhookSecretRetire
            }
    }
}

extension AuditEvent {
    init(_ event: BotEvent, of bot: Bot) {
        var changes = AuditChanges()
        switch event {
        case .repaired(let reason): changes.add("reason", from: nil, to: reason)
        case .switched(let from, let to, let reason):
            changes.add("transport", from: from.rawValue, to: to.rawValue)
            changes.add("reason", from: nil, to: reason)
        case .tokenRevoked, .blocked:
            changes.add("status", from: Bot.Status.active.rawValue, to: bot.status.rawValue)
        case .foreignWebhook(let host), .takenOver(let host): changes.add("host", from: nil, to: host)
        case .imported(let batch):
            changes = AuditEvent.created(bot).changes
            changes.add("import", to: .string(batch.description))
        case .importUndone: changes = AuditEvent.deleted(bot).changes
        case .foreignPoll, .secretsRetired: break
        }
        self.init(AuditAction(event), of: AuditTarget(bot.id), changes: changes)
    }
}
