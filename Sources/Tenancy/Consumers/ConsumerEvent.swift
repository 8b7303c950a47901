import Platform

/// What the platform did to a consumer by itself, or found out about it. Each is noted in the audit trail, in the
/// transaction that writes it, and the tenant's owners are told by e-mail.
package enum ConsumerEvent: Sendable, Equatable {
    /// The endpoint answered 410 Gone: the consumer was paused.
    case gone
    /// Nothing could be delivered for a while. Told before anything is done about it.
    case failing(since: Timestamp, disabledAt: Timestamp?)
    /// Nothing could be delivered for as long as the owner had set: the consumer was disabled.
    case disabled(failingSince: Timestamp)
    /// The retention was over before the consumer had these updates.
    case missed(ConsumerGap)
}

/// Where events of consumers go: the modules above know what an audit trail and an e-mail are.
package struct ConsumerEvents: Sendable {
    /// In the transaction of what it tells of.
    package let record: @Sendable (ConsumerEvent, Consumer, TenantTransaction) async throws -> Void
    /// After its commit. Waits for nothing.
    package let tell: @Sendable (ConsumerEvent, Consumer) -> Void

    package init(
        record: @escaping @Sendable (ConsumerEvent, Consumer, TenantTransaction) async throws -> Void,
        tell: @escaping @Sendable (ConsumerEvent, Consumer) -> Void
    ) {
        self.record = record
        self.tell = tell
    }

    /// Keeps nothing and tells nobody.
    package static let none = ConsumerEvents(record: { _, _, _ in }, tell: { _, _ in })
}
