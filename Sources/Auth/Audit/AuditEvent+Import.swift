import Platform
import Tenancy

extension AuditEvent {
    package static func created(_ batch: BotImport) -> AuditEvent {
        var changes = AuditChanges()
        changes.add("mode", to: .string(batch.settings.mode.rawValue))
        changes.add("bots", to: .number("\(batch.total)"))
        if batch.settings.takesOver { changes.add("take_over", to: .bool(true)) }
        return AuditEvent(.botImportCreate, of: AuditTarget(batch.id), changes: changes)
    }

    package static func cancelled(_ batch: BotImport) -> AuditEvent {
        var changes = AuditChanges()
        changes.add("status", from: BotImport.Status.running.rawValue, to: batch.status.rawValue)
        return AuditEvent(.botImportCancel, of: AuditTarget(batch.id), changes: changes)
    }
}
