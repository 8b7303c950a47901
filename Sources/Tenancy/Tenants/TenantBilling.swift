import FoundationEssentials
import Platform

/// What a tenant pays; platform admins change it.
package struct TenantBilling: Sendable, Equatable, Codable {
    package var plan: String
    package var monthlyCents: Int
    /// ISO 4217: `EUR`.
    package var currency: String

    private enum CodingKeys: String, CodingKey {
        case plan, currency
        case monthlyCents = "monthly_cents"
    }

    package init(plan: String, monthlyCents: Int, currency: String) {
        self.plan = plan
        self.monthlyCents = monthlyCents
        self.currency = currency
    }

    init(json: JSONBytes) throws {
        self = try JSONDecoder().decode(TenantBilling.self, from: Data(json.bytes))
    }
}

extension TenantBilling: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("plan", plan)
            $0.field("monthly_cents", monthlyCents)
            $0.field("currency", currency)
        }
    }
}
