/// What getWebhookInfo tells. Dates are Unix time in seconds.
package struct WebhookInfo: Sendable, Equatable {
    /// Empty when there is no webhook.
    package let url: String
    package let hasCustomCertificate: Bool
    package let pendingUpdateCount: Int
    package let ipAddress: String?
    package let lastErrorDate: Int64?
    package let lastErrorMessage: String?
    package let lastSynchronizationErrorDate: Int64?
    package let maxConnections: Int?
    /// Absent when it is Telegram's default.
    package let allowedUpdates: [String]?

}

extension WebhookInfo: Decodable {
    private enum CodingKeys: String, CodingKey {
        case url
        case hasCustomCertificate = "has_custom_certificate"
        case pendingUpdateCount = "pending_update_count"
        case ipAddress = "ip_address"
        case lastErrorDate = "last_error_date"
        case lastErrorMessage = "last_error_message"
        case lastSynchronizationErrorDate = "last_synchronization_error_date"
        case maxConnections = "max_connections"
        case allowedUpdates = "allowed_updates"
    }

    /// Stand-ins for Telegram leave out more than Telegram does.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        url = try values.decode(String.self, forKey: .url)
        hasCustomCertificate = try values.decodeIfPresent(Bool.self, forKey: .hasCustomCertificate) ?? false
        pendingUpdateCount = try values.decodeIfPresent(Int.self, forKey: .pendingUpdateCount) ?? 0
        ipAddress = try values.decodeIfPresent(String.self, forKey: .ipAddress)
        lastErrorDate = try values.decodeIfPresent(Int64.self, forKey: .lastErrorDate)
        lastErrorMessage = try values.decodeIfPresent(String.self, forKey: .lastErrorMessage)
        lastSynchronizationErrorDate = try values.decodeIfPresent(
            Int64.self, forKey: .lastSynchronizationErrorDate)
        maxConnections = try values.decodeIfPresent(Int.self, forKey: .maxConnections)
        allowedUpdates = try values.decodeIfPresent([String].self, forKey: .allowedUpdates)
    }
}
