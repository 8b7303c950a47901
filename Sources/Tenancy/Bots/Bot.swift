import Platform

/// A Telegram bot that a tenant has connected. Its token and webhook secrets are stored sealed and never leave
/// through this type.
package struct Bot: Sendable, Identified {
    package static let prefix = "bot"

    package enum Mode: String, Sendable, PostgresCodable { case webhook, polling, hybrid }

    package enum Status: String, Sendable, PostgresCodable {
        case active, blocked, deleted
        case tokenRevoked = "token_revoked"
    }

    package let id: ID<Bot>
    package let tenant: ID<Tenant>
    /// The number Telegram knows the bot by; the first part of its token.
    package let telegramID: Int64
    package var username: String?
    package var name: String
    package var mode: Mode
    package var status: Status
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

extension Bot: RowDecodable {
    static let columns: SQL =
        "id, tenant_id, telegram_id, username, name, mode, status, created_at, updated_at"

    package init(row: inout Row) throws {
        id = try row.next()
        tenant = try row.next()
        telegramID = try row.next()
        username = try row.next()
        name = try row.next()
        mode = try row.next()
        status = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}
