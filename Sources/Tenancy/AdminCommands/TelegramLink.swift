import Platform

/// Which Telegram account an admin of a tenant has.
package struct TelegramLink: Sendable {
    package let admin: ID<Admin>
    /// The user's id at Telegram.
    package let user: Int64
    /// The bot through which it was linked.
    package let bot: ID<Bot>
    package let linkedAt: Timestamp
}

extension TelegramLink: RowDecodable {
    private static let columns: SQL = "admin_id, telegram_user_id, bot_id, linked_at"

    package init(row: inout Row) throws {
        admin = try row.next()
        user = try row.next()
        bot = try row.next()
        linkedAt = try row.next()
    }

    package static func find(of admin: ID<Admin>, in tx: TenantTransaction) async throws -> TelegramLink? {
        try await tx.first(
            """
            SELECT \(columns) FROM telegram_link WHERE tenant_id = \(tx.tenant) AND admin_id = \(admin)
            """)
    }

    static func find(user: Int64, in tx: TenantTransaction) async throws -> TelegramLink? {
        try await tx.first(
            """
            SELECT \(columns) FROM telegram_link
            WHERE tenant_id = \(tx.tenant) AND telegram_user_id = \(user)
            """)
    }

    /// - Returns: what was there: a link, and whether there was a code.
    package static func remove(
        of admin: ID<Admin>, in tx: TenantTransaction
    ) async throws -> (link: TelegramLink?, hadCode: Bool) {
        let codes = try await tx.execute(
            """
            DELETE FROM telegram_link_code WHERE tenant_id = \(tx.tenant) AND admin_id = \(admin)
            """)
        let link = try await tx.first(
            """
            DELETE FROM telegram_link WHERE tenant_id = \(tx.tenant) AND admin_id = \(admin)
            RETURNING \(columns)
            """, as: TelegramLink.self)
        return (link, codes > 0)
    }

    /// Stores a code, which takes the place of the admin's last one.
    /// - Returns: until when it is good; nil when the tenant has no such admin.
    package static func offer(_ code: LinkCode, to admin: ID<Admin>, in tx: TenantTransaction) async throws
        -> Timestamp?
    {
        try await tx.value(
            """
            INSERT INTO telegram_link_code (tenant_id, admin_id, code_digest, expires_at)
            SELECT tenant_id, id, \(code.digest),
                clock_timestamp() + \(Int32(LinkCode.lifetime.components.seconds)) * interval '1 second'
            FROM admin WHERE tenant_id = \(tx.tenant) AND id = \(admin)
            ON CONFLICT (tenant_id, admin_id) DO UPDATE SET code_digest = excluded.code_digest,
                expires_at = excluded.expires_at, created_at = clock_timestamp()
            RETURNING expires_at
            """, as: Timestamp.self)
    }

    /// Whether a code is good still.
    static func isOffered(_ code: LinkCode, in tx: TenantTransaction) async throws -> Bool {
        try await tx.value(
            """
            SELECT EXISTS (SELECT FROM telegram_link_code WHERE tenant_id = \(tx.tenant)
                AND code_digest = \(code.digest) AND expires_at > clock_timestamp())
            """, as: Bool.self) ?? false
    }

    /// Uses a code up. Telegram account and admin are tied to nobody else in the tenant afterwards.
    /// - Returns: nil when the code is not good.
    static func make(
        with code: LinkCode, user: Int64, through bot: ID<Bot>, in tx: TenantTransaction
    ) async throws -> TelegramLink? {
        let admin = try await tx.value(
            """
            DELETE FROM telegram_link_code WHERE tenant_id = \(tx.tenant) AND code_digest = \(code.digest)
                AND expires_at > clock_timestamp()
            RETURNING admin_id
            """, as: ID<Admin>.self)
        guard let admin else { return nil }
        try await tx.execute(
            """
            DELETE FROM telegram_link WHERE tenant_id = \(tx.tenant) AND telegram_user_id = \(user)
                AND admin_id <> \(admin)
            """)
        return try await tx.first(
            """
            INSERT INTO telegram_link (tenant_id, admin_id, telegram_user_id, bot_id)
            VALUES (\(tx.tenant), \(admin), \(user), \(bot))
            ON CONFLICT (tenant_id, admin_id) DO UPDATE SET telegram_user_id = excluded.telegram_user_id,
                bot_id = excluded.bot_id, linked_at = clock_timestamp()
            RETURNING \(columns)
            """)
    }
}
