import Platform
import Tenancy

extension AuditChanges {
    /// What differs between a consumer before and after.
    package init(from old: Consumer, to new: Consumer) {
        self.init()
        add("name", from: old.name, to: new.name)
        add("server", from: old.server, to: new.server)
        // What is behind the server's name may be a secret of its owner's.
        if old.url != new.url, old.server == new.server { addSecret("path") }
        add("kinds", from: .list(old.kinds), to: .list(new.kinds))
        add("ordering", from: old.ordering.rawValue, to: new.ordering.rawValue)
        add("concurrency", from: .number(Int64(old.concurrency)), to: .number(Int64(new.concurrency)))
        add("timeout_ms", from: .number(old.timeout), to: .number(new.timeout))
        add("retry.schedule_ms", from: .list(old.schedule), to: .list(new.schedule))
        add("retry.on_dead", from: old.onDead.rawValue, to: new.onDead.rawValue)
        add("disable_after_ms", from: .number(old.disableAfter), to: .number(new.disableAfter))
        add("visibility_ms", from: .number(old.visibility), to: .number(new.visibility))
    }
}

extension AuditEvent {
    package static func created(_ consumer: Consumer) -> AuditEvent {
        var changes = AuditChanges()
        changes.add("bot_id", to: .string("\(consumer.bot.bot)"))
        changes.add("type", to: .string(consumer.kind.rawValue))
        changes.add("name", to: .string(consumer.name))
        changes.add("server", from: nil, to: consumer.server)
        changes.add("kinds", to: .list(consumer.kinds))
        return AuditEvent(.consumerCreate, of: AuditTarget(consumer.id), changes: changes)
    }

    package static func deleted(_ consumer: Consumer) -> AuditEvent {
        var changes = AuditChanges()
        changes.add("bot_id", from: .string("\(consumer.bot.bot)"))
        changes.add("type", from: .string(consumer.kind.rawValue))
        changes.add("name", from: consumer.name, to: nil)
        changes.add("server", from: consumer.server, to: nil)
        return AuditEvent(.consumerDelete, of: AuditTarget(consumer.id), changes: changes)
    }

    package static func status(
        _ action: AuditAction, of consumer: Consumer, to status: Consumer.Status
    ) -> AuditEvent {
        var changes = AuditChanges()
        changes.add("status", from: consumer.status.rawValue, to: status.rawValue)
        return AuditEvent(action, of: AuditTarget(consumer.id), changes: changes)
    }

    /// Somebody decided about an update that had not been delivered.
    package static func changed(
        _ action: AuditAction, _ before: DeliveryRecord, to after: DeliveryRecord
    ) -> AuditEvent {
        var changes = AuditChanges()
        changes.add("status", from: before.status.rawValue, to: after.status.rawValue)
        changes.add("holds_lane", from: .bool(before.holdsLane), to: .bool(after.holdsLane))
        changes.add("attempts", from: .number(Int64(before.attempts)), to: .number(Int64(after.attempts)))
        return AuditEvent(action, of: AuditTarget(before.id), changes: changes)
    }
}

extension Consumer {
    /// `https://example.com:443`; nil for one that does not push.
    fileprivate var server: String? { url.map { (try? Origin(of: $0).text) ?? "unknown" } }
}

extension JSONValue {
    fileprivate static func number(_ value: Int64) -> JSONValue { .number("\(value)") }

    fileprivate static func number(_ value: Duration?) -> JSONValue {
        value.map { .number("\($0.milliseconds)") } ?? .null
    }

    fileprivate static func list(_ value: [String]?) -> JSONValue {
        value.map { .array($0.map { .string($0) }) } ?? .null
    }

    fileprivate static func list(_ value: [Duration]) -> JSONValue { .array(value.map { .number($0) }) }
}
