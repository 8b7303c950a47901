/// What getWebhookInfo tells. Dates are Unix time in seconds.
package struct WebhookInfo: Sendable, Equatable, Decodable {
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
}
