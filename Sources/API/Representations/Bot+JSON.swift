import Platform
import Tenancy

/// A bot as it is shown: with how its webhook is.
struct BotAnswer: JSONWritable {
    let bot: Bot
    /// nil for one that is being made.
    let webhook: Webhook?
    /// The URL wanted; nil when none is.
    let url: String?

    init(_ bot: Bot, _ webhook: Webhook?, _ address: PublicAddress) {
        self.bot = bot
        self.webhook = webhook
        url = bot.wantsWebhook ? address.webhookURL(of: bot) : nil
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", bot.id)
            $0.field("telegram_id", bot.telegramID)
            $0.field("token_last_four", bot.tokenLastFour)
            $0.field("username", bot.username)
            $0.field("name", bot.name)
            $0.field("mode", bot.mode.rawValue)
            $0.field("status", bot.status.rawValue)
            $0.field("transport", bot.transport.rawValue)
            $0.field("auto_refresh", bot.isAutoRefreshed)
            $0.field("take_over", bot.takesOver)
            $0.field("admin_commands", bot.takesAdminCommands)
            $0.field("webhook") { json in
                json.object {
                    $0.field("state", (webhook?.state ?? .notSet).rawValue)
                    $0.field("reason", webhook?.reason)
                    $0.field("url", url)
                    $0.field("last_checked_at", webhook?.lastCheckedAt)
                    $0.field("last_repaired_at", webhook?.lastRepairedAt)
                }
            }
            $0.field("created_at", bot.createdAt)
            $0.field("updated_at", bot.updatedAt)
        }
    }

    /// Of these very bytes: how the webhook is changes without the bot being changed.
    var tag: ETag { bot.tag.variant(SHA256.hex(json).prefix(12)) }
}

extension Bot {
    /// Of what its owner wants.
    var tag: ETag { ETag(id, updatedAt) }

    var wantsWebhook: Bool { mode != .polling && webhook.isEnabled && status == .active }
}
