import Platform

/// What a tenant may use. In the database and the API it is an object of numbers that holds only what differs
/// from the defaults; null lifts a limit.
package struct TenantLimits: Sendable, Equatable {
    package enum Key: String, CaseIterable, Sendable {
        case requestsPerMinute = "requests_per_minute"
        /// Of one admin or API key; when nothing is said, all that the tenant has.
        case requestsPerMinutePerCaller = "requests_per_minute_per_caller"
        case ingestPerMinutePerBot = "ingest_per_minute_per_bot"
        case bots
        case consumersPerBot = "consumers_per_bot"
        case logRetentionDays = "log_retention_days"
        case attemptRetentionDays = "attempt_retention_days"
        case deadLetterRetentionDays = "dead_letter_retention_days"

        /// nil where it is the node's settings that say what holds.
        var defaultValue: Int? {
            switch self {
            case .requestsPerMinute, .requestsPerMinutePerCaller: 600
            case .ingestPerMinutePerBot: 6000
            case .bots: 100
            case .consumersPerBot: 10
            case .logRetentionDays, .attemptRetentionDays, .deadLetterRetentionDays: nil
            }
        }
    }

    private var overrides: [String: Int?]

    package init(overrides: [Key: Int?] = [:]) {
        self.overrides = Dictionary(uniqueKeysWithValues: overrides.map { ($0.key.rawValue, $0.value) })
    }

    /// Not an object of whole numbers and nulls.
    package struct Invalid: Error {}

    /// Read by hand, not by a decoder: a node goes through the limits of all tenants every few minutes.
    /// - Throws: `Invalid`
    package init(json: JSONBytes) throws(Invalid) {
        overrides = [:]
        guard json.bytes.count > 2 else { return }
        guard case .object(let members)? = try? JSONValue(parsing: json.bytes) else { throw Invalid() }
        for member in members {
            switch member.value {
            case .null: overrides[member.name] = .some(nil)
            case .number(let text):
                guard let number = Int(text) else { throw Invalid() }
                overrides[member.name] = number
            default: throw Invalid()
            }
        }
    }

    /// As a row holds them. Whoever writes there by hand may write what is not understood, such as 1.5; then the
    /// defaults hold, so that one tenant's row stands in no other's way.
    init(ofRow json: JSONBytes) { self = (try? TenantLimits(json: json)) ?? TenantLimits() }

    /// nil: unlimited; of a retention, as long as the node keeps things by itself.
    package subscript(key: Key) -> Int? {
        get {
            if let override = overrides[key.rawValue] { return override }
            return key == .requestsPerMinutePerCaller ? self[.requestsPerMinute] : key.defaultValue
        }
        set { overrides[key.rawValue] = .some(newValue) }
    }

    /// Every limit lifted.
    package static let none = TenantLimits(
        overrides: Dictionary(uniqueKeysWithValues: Key.allCases.map { ($0, nil) }))

    package var json: JSONBytes {
        var text = JSONText()
        for (name, value) in overrides.sorted(by: { $0.key < $1.key }) {
            text.field(name, literal: value.map(String.init) ?? "null")
        }
        return JSONBytes(Array(text.finished.utf8))
    }
}
