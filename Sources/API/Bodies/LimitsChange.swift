import Platform
import Tenancy

/// Limits as a body names them: a number sets one, null lifts it, what is not named stays.
struct LimitsChange {
    private var changes: [(key: TenantLimits.Key, value: Int?)] = []

    init?(_ body: inout RequestBody) {
        for key in TenantLimits.Key.allCases {
            switch body.removable(key.rawValue, .integer(0...1_000_000_000)) {
            case .unchanged: break
            case .removed: changes.append((key, nil))
            case .set(let value): changes.append((key, value))
            }
        }
    }

    func applied(to limits: TenantLimits) -> TenantLimits {
        var limits = limits
        for change in changes { limits[change.key] = change.value }
        return limits
    }
}
