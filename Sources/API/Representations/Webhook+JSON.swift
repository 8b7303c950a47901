import Platform
import Tenancy

/// A webhook's status: what we make of it, and Telegram's own fields in Telegram's form.
struct WebhookAnswer: JSONWritable {
    let bot: Bot
    let webhook: Webhook
    /// Stands in for the webhook's own reason.
    let reason: String?
    let expectedURL: String?

    init(_ bot: Bot, _ webhook: Webhook, _ address: PublicAddress, reason: String? = nil) {
        self.bot = bot
        self.webhook = webhook
        self.reason = reason ?? webhook.reason
        expectedURL = bot.wantsWebhook ? address.webhookURL(of: bot) : nil
    }

    func write(to json: inout JSONWriter) {
        let report = webhook.report
        json.object {
            $0.field("state", webhook.state.rawValue)
            $0.field("reason", reason)
            $0.field("transport", bot.transport.rawValue)
            $0.field("expected_url", expectedURL)
            $0.field("url", report.url)
            $0.field("has_custom_certificate", report.hasCustomCertificate)
            $0.field("pending_update_count", report.pendingUpdateCount)
            $0.field("ip_address", report.ipAddress)
            $0.field("last_error_date", report.lastErrorAt?.secondsSince1970)
            $0.field("last_error_message", report.lastErrorMessage)
            $0.field("last_synchronization_error_date", report.lastSynchronizationErrorAt?.secondsSince1970)
            $0.field("max_connections", report.maxConnections)
            $0.field("allowed_updates", report.allowedUpdates)
            $0.field("last_checked_at", webhook.lastCheckedAt)
            $0.field("last_repaired_at", webhook.lastRepairedAt)
        }
    }
}
