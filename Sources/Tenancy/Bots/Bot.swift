import Platform

/// A Telegram bot that a tenant has connected. Its token and webhook secrets are stored sealed and never leave
/// through this type.
package struct Bot: Sendable, Identified {
    package static let prefix = "bot"

    /// How its owner wants its updates to come in.
    package enum Mode: String, Sendable, PostgresCodable, CaseIterable {
        case webhook, polling
        /// By webhook, and by polling for as long as the webhook fails.
        case hybrid
    }

    package enum Status: String, Sendable, PostgresCodable {
        case active, blocked, deleted
        case tokenRevoked = "token_revoked"
    }

    /// How its updates come in now.
    package enum Transport: String, Sendable, PostgresCodable { case webhook, polling, none }

    package let id: ID<Bot>
    package let tenant: ID<Tenant>
    /// The number Telegram knows the bot by; the first part of its token.
    package let telegramID: Int64
    /// nil for a bot that was connected before they were kept.
    package var tokenLastFour: String?
    package var username: String?
    package var name: String
    package var mode: Mode
    package var status: Status
    package var transport: Transport
    package var webhook: WebhookWish
    /// Whether the reconciler repairs what it finds broken.
    package var isAutoRefreshed: Bool
    /// Whether a webhook that somebody else set is replaced.
    package var takesOver: Bool
    /// Whether the tenant's admins can talk to the platform through the bot (`/webhook_status`, `/link`).
    package var takesAdminCommands: Bool
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package var key: BotKey { BotKey(tenant: tenant, bot: id) }
}

/// The webhook that a bot's owner wants (Bot API, setWebhook).
package struct WebhookWish: Sendable, Equatable {
    /// False once its owner deleted it.
    package var isEnabled = true
    /// nil: the platform's own.
    package var url: String?
    /// 1 to 100; nil is Telegram's default, 40.
    package var maxConnections: Int?
    /// Of getUpdates as well. nil keeps what Telegram has; empty means its defaults.
    package var allowedUpdates: [String]?

    package init(
        isEnabled: Bool = true, url: String? = nil, maxConnections: Int? = nil,
        allowedUpdates: [String]? = nil
    ) {
        self.isEnabled = isEnabled
        self.url = url
        self.maxConnections = maxConnections
        self.allowedUpdates = allowedUpdates
    }
}

extension Bot: RowDecodable {
    static let columns: SQL =
        """
        id, tenant_id, telegram_id, token_last_four, username, name, mode, status, transport, webhook_enabled,
        webhook_url, max_connections, allowed_updates, auto_refresh, take_over, admin_commands, created_at, updated_at
        """

    package init(row: inout Row) throws {
        id = try row.next()
        tenant = try row.next()
        telegramID = try row.next()
        tokenLastFour = try row.next()
        username = try row.next()
        name = try row.next()
        mode = try row.next()
        status = try row.next()
        transport = try row.next()
        webhook = WebhookWish(
            isEnabled: try row.next(), url: try row.next(),
            maxConnections: try row.next(Int32?.self).map { Int($0) },
            allowedUpdates: try row.next())
        isAutoRefreshed = try row.next()
        takesOver = try row.next()
        takesAdminCommands = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}
