import Platform
import Tenancy

extension AuditChanges {
    /// What differs between a tenant before and after.
    package init(from old: Tenant, to new: Tenant) {
        self.init()
        add("name", from: old.name, to: new.name)
        add("status", from: old.status.rawValue, to: new.status.rawValue)
        addLimits(from: old.limits, to: new.limits)
        add("settings.timezone", from: old.settings.timezone, to: new.settings.timezone)
        add("settings.locale", from: old.settings.locale, to: new.settings.locale)
        add("settings.contact_email", from: old.settings.contactEmail, to: new.settings.contactEmail)
        add("billing.plan", from: old.billing?.plan, to: new.billing?.plan)
        add(
            "billing.monthly_cents", from: .number(old.billing?.monthlyCents),
            to: .number(new.billing?.monthlyCents))
        add("billing.currency", from: old.billing?.currency, to: new.billing?.currency)
    }

    /// Those that differ. A new tenant's are compared with the defaults.
    mutating func addLimits(from old: TenantLimits, to new: TenantLimits) {
        for key in TenantLimits.Key.allCases {
            add("limits." + key.rawValue, from: .number(old[key]), to: .number(new[key]))
        }
    }
}

extension JSONValue {
    fileprivate static func number(_ value: Int?) -> JSONValue { value.map { .number("\($0)") } ?? .null }
}
