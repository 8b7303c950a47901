import Platform
import Tenancy

/// Billing as a merge patch names it. A tenant that has none yet needs all of it.
struct BillingChange {
    private let plan: String?
    private let monthlyCents: Int?
    private let currency: String?

    init?(_ body: inout RequestBody) {
        plan = body.patch("plan", .text(1...50))
        monthlyCents = body.patch("monthly_cents", .integer(0...1_000_000_000))
        currency = body.patch(
            "currency",
            .text(3...3).which("three capital letters (ISO 4217)") {
                $0.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
            })
    }

    /// - Throws: `Problem` 422 when something is missing.
    func applied(to billing: TenantBilling?) throws -> TenantBilling {
        guard let plan = plan ?? billing?.plan else { throw Self.missing("plan") }
        guard let cents = monthlyCents ?? billing?.monthlyCents else { throw Self.missing("monthly_cents") }
        guard let currency = currency ?? billing?.currency else { throw Self.missing("currency") }
        return TenantBilling(plan: plan, monthlyCents: cents, currency: currency)
    }

    private static func missing(_ name: String) -> Problem {
        .invalidField("/billing/\(name)", "required", "is required")
    }
}
