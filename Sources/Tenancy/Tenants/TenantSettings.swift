import FoundationEssentials
import Platform

/// What a tenant says of itself; its owners change it.
package struct TenantSettings: Sendable, Equatable, Codable {
    /// An IANA time zone: `Europe/Berlin`.
    package var timezone: String?
    /// A BCP 47 language tag: `de-DE`.
    package var locale: String?
    /// Where alarms go.
    package var contactEmail: String?

    private enum CodingKeys: String, CodingKey {
        case timezone, locale
        case contactEmail = "contact_email"
    }

    package init() {}

    init(json: JSONBytes) throws {
        self = try JSONDecoder().decode(TenantSettings.self, from: Data(json.bytes))
    }
}

extension TenantSettings: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("timezone", timezone)
            $0.field("locale", locale)
            $0.field("contact_email", contactEmail)
        }
    }
}
