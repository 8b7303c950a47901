import Platform

/// What a poller needs to know of its bot, the token opened.
struct PollTarget: Sendable, Equatable {
    let key: BotKey
    let token: BotToken
    /// nil keeps what Telegram has.
    let allowedUpdates: [String]?
}

extension PollTarget {
    /// A bot to poll, as it is stored.
    struct Found: Sendable {
        let target: PollTarget
        /// What `bot_webhook` shows of it.
        let shown: PollState
    }

    /// Those of `keys` that can be polled.
    static func find(
        _ keys: [BotKey], in database: Database, secrets: BotSecrets, logger: Logger
    ) async throws -> [BotKey: Found] {
        let rows = try await database.job { tx in
            try await tx.all(
                """
                SELECT bot.tenant_id, bot.id, bot.token_sealed, bot.allowed_updates, w.state, w.reason
                FROM unnest(\(keys.map(\.tenant)), \(keys.map(\.bot))) AS k (tenant_id, bot_id)
                JOIN bot ON bot.tenant_id = k.tenant_id AND bot.id = k.bot_id
                JOIN bot_webhook w ON w.tenant_id = k.tenant_id AND w.bot_id = k.bot_id
                WHERE bot.status = 'active' AND bot.transport = 'polling'
                """, as: SealedTarget.self)
        }
        var found: [BotKey: Found] = [:]
        for row in rows {
            guard let target = row.opened(by: secrets) else {
                logger.error(
                    "a bot's token cannot be opened: is ROOKERY_MASTER_KEY the right one?",
                    ["bot": "\(row.key.bot)"])
                continue
            }
            found[row.key] = Found(
                target: target,
                shown: row.state == .notSet ? .fine : PollState(state: row.state, reason: row.reason))
        }
        return found
    }
}

private struct SealedTarget: RowDecodable {
    let key: BotKey
    let token: [UInt8]?
    let allowedUpdates: [String]?
    let state: Webhook.State
    let reason: String?

    init(row: inout Row) throws {
        key = try BotKey(row: &row)
        token = try row.next()
        allowedUpdates = try row.next()
        state = try row.next()
        reason = try row.next()
    }

    func opened(by box: BotSecrets) -> PollTarget? {
        token
            .flatMap { try? box.open($0, .token, of: key.bot, key.tenant) }
            .flatMap(BotToken.init)
            .map { PollTarget(key: key, token: $0, allowedUpdates: allowedUpdates) }
    }
}
