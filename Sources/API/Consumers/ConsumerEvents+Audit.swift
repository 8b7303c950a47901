import Auth
import Platform
import Tenancy

extension ConsumerEvents {
    /// Notes each in the audit trail, as the platform's own doing, and tells the owner.
    init(trail: AuditTrail, alarms: OwnerAlarms, logger: Logger) {
        self.init { event, consumer, tx in
            try await trail.record(AuditEvent(event, of: consumer), by: .platform, from: .platform, in: tx)
        } tell: { event, consumer in
            logger.warning(
                "a consumer needs its owner",
                ["consumer": "\(consumer.id)", "event": "\(AuditAction(event).rawValue)"])
            alarms.raise(OwnerAlarm(event, of: consumer))
        }
    }
}

extension AuditAction {
    fileprivate init(_ event: ConsumerEvent) {
        self =
            switch event {
            case .gone: .consumerPause
            case .failing: .consumerFailing
            case .disabled: .consumerDisable
            case .missed: .consumerGap
            }
    }
}

extension AuditEvent {
    init(_ event: ConsumerEvent, of consumer: Consumer) {
        var changes = AuditChanges()
        let active = Consumer.Status.active.rawValue
        switch event {
        case .gone:
            changes.add("status", from: active, to: consumer.status.rawValue)
            changes.add("status_reason", from: nil, to: consumer.statusReason?.rawValue)
        case .failing(let since, let end):
            changes.add("failing_since", from: nil, to: "\(since)")
            changes.add("disabled_at", from: nil, to: end.map { "\($0)" })
        case .disabled(let since):
            changes.add("status", from: active, to: consumer.status.rawValue)
            changes.add("status_reason", from: nil, to: consumer.statusReason?.rawValue)
            changes.add("failing_since", from: nil, to: "\(since)")
        case .missed(let gap):
            changes.add("gap", to: .string("\(gap.id)"))
            changes.add("positions", from: nil, to: "\(gap.firstPosition)-\(gap.lastPosition)")
            changes.add("updates", to: .number("\(gap.count)"))
        }
        self.init(AuditAction(event), of: AuditTarget(consumer.id), changes: changes)
    }
}
