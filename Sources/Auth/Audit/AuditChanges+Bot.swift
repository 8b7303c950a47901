import Platform
import Tenancy

extension AuditChanges {
    /// What differs between a bot before and after.
    package init(from old: Bot, to new: Bot) {
        self.init()
        add("name", from: old.name, to: new.name)
        add("mode", from: old.mode.rawValue, to: new.mode.rawValue)
        add("auto_refresh", from: .bool(old.isAutoRefreshed), to: .bool(new.isAutoRefreshed))
        add("take_over", from: .bool(old.takesOver), to: .bool(new.takesOver))
        add("admin_commands", from: .bool(old.takesAdminCommands), to: .bool(new.takesAdminCommands))
        addWebhook(from: old.webhook, to: new.webhook)
    }

    private mutating func addWebhook(from old: WebhookWish, to new: WebhookWish) {
        add("webhook.enabled", from: .bool(old.isEnabled), to: .bool(new.isEnabled))
        let (oldServer, newServer) = (old.server, new.server)
        add("webhook.server", from: oldServer, to: newServer)
        // What is behind the server's name may be a secret of its owner's.
        if old.url != new.url, oldServer == newServer { addSecret("webhook.path") }
        add("webhook.max_connections", from: .number(old.maxConnections), to: .number(new.maxConnections))
        add("webhook.allowed_updates", from: .list(old.allowedUpdates), to: .list(new.allowedUpdates))
    }
}

extension AuditEvent {
    package static func created(_ bot: Bot) -> AuditEvent {
        var changes = AuditChanges()
        changes.add("name", to: .string(bot.name))
        changes.add("telegram_id", to: .number("\(bot.telegramID)"))
        changes.add("mode", to: .string(bot.mode.rawValue))
        if bot.takesOver { changes.add("take_over", to: .bool(true)) }
        return AuditEvent(.botCreate, of: AuditTarget(bot.id), changes: changes)
    }

    package static func deleted(_ bot: Bot) -> AuditEvent {
        var changes = AuditChanges()
        changes.add("name", from: bot.name, to: nil)
        changes.add("telegram_id", from: .number("\(bot.telegramID)"))
        return AuditEvent(.botDelete, of: AuditTarget(bot.id), changes: changes)
    }
}

extension WebhookWish {
    /// `https://example.com:443`; nil for the platform's own.
    fileprivate var server: String? { url.map { (try? Origin(of: $0).text) ?? "unknown" } }
}

extension JSONValue {
    fileprivate static func number(_ value: Int?) -> JSONValue { value.map { .number("\($0)") } ?? .null }

    fileprivate static func list(_ value: [String]?) -> JSONValue {
        value.map { .array($0.map { .string($0) }) } ?? .null
    }
}
