import Platform

/// For how many whole days, today not counted, a node keeps what belongs to tenants. What a tenant's limits say goes
/// before; null there, which lifts other limits, stands for these.
package struct RetentionDays: Sendable, Equatable {
    package var log: Int
    package var attempts: Int
    package var deadLetters: Int

    package init(log: Int = 7, attempts: Int = 7, deadLetters: Int = 30) {
        self.log = log
        self.attempts = attempts
        self.deadLetters = deadLetters
    }

    package subscript(key: TenantLimits.Key) -> Int? {
        switch key {
        case .logRetentionDays: log
        case .attemptRetentionDays: attempts
        case .deadLetterRetentionDays: deadLetters
        default: nil
        }
    }

    /// Of a row of `tenant`. Whoever writes there by hand may write what is not understood: then it counts as nothing.
    /// A day is always kept, since Telegram repeats updates that long.
    func sql(_ key: TenantLimits.Key) -> SQL {
        """
        least(greatest(CASE WHEN tenant.limits ->> \(key.rawValue) ~ '^[0-9]{1,9}$'
            THEN (tenant.limits ->> \(key.rawValue))::integer ELSE \(Int32(self[key] ?? 0)) END, 1), 36500)
        """
    }
}
