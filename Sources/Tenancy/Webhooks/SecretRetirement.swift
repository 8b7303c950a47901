import Platform

/// Ends the validity of older webhook secrets, some time after Telegram was seen to use the newest: what it sent
/// before may still be under way.
///
/// Every node notes what its requests bring (`BotDirectory`), and looks for what is due; the row's lock lets one do it.
package struct SecretRetirement: Sendable {
    private static let interval = Duration.seconds(5)
    private static let pageSize = 500

    private let loop: EventLoop
    private let database: Database
    private let directory: BotDirectory
    private let secrets: BotSecrets
    private let events: BotEvents
    private let logger: Logger
    private let grace: Duration

    /// - Parameter grace: how long older secrets stay valid once the newest is in use.
    package init(
        loop: EventLoop, database: Database, directory: BotDirectory, secrets: BotSecrets, events: BotEvents,
        logger: Logger, grace: Duration = .seconds(150)
    ) {
        self.loop = loop
        self.database = database
        self.directory = directory
        self.secrets = secrets
        self.events = events
        self.logger = logger
        self.grace = grace
    }

    /// Runs until the task is cancelled.
    package func run() async {
        var isFailing = false
        while (try? await loop.sleep(for: Self.interval)) != nil {
            do {
                try await pass()
                isFailing = false
            } catch {
                if !isFailing {
                    logger.warning("webhook secrets could not be retired", ["error": "\(error)"])
                }
                isFailing = true
            }
        }
    }

    /// Writes down what was seen, and retires what is due.
    package func pass() async throws {
        for (key, digest) in directory.takeSeenSecrets() { try await note(digest, of: key) }
        for key in try await due() { try await retire(key) }
    }

    /// Another secret may have become the newest since.
    private func note(_ digest: SecretDigest, of key: BotKey) async throws {
        try await database.write(key.tenant) { tx in
            guard let sealed = try await Self.newest(of: key, in: tx),
                let newest = try? secrets.open(sealed, .webhookSecret, of: key.bot, key.tenant),
                SecretDigest(of: newest) == digest
            else { return }
            try await tx.execute(
                """
                UPDATE bot_webhook SET secret_seen_at = clock_timestamp()
                WHERE tenant_id = \(tx.tenant) AND bot_id = \(key.bot) AND secret_seen_at IS NULL
                """)
        }
    }

    private static func newest(of key: BotKey, in tx: TenantTransaction) async throws -> [UInt8]? {
        try await tx.value(
            """
            SELECT webhook_secrets[1] FROM bot
            WHERE tenant_id = \(tx.tenant) AND id = \(key.bot) AND cardinality(webhook_secrets) > 1
            FOR UPDATE
            """)
    }

    private func due() async throws -> [BotKey] {
        try await database.job { tx in
            try await tx.all(
                """
                SELECT tenant_id, bot_id FROM bot_webhook
                WHERE secret_seen_at < clock_timestamp() - \(grace.seconds) * interval '1 second'
                ORDER BY secret_seen_at LIMIT \(Int64(Self.pageSize))
                """)
        }
    }

    private func retire(_ key: BotKey) async throws {
        try await database.write(key.tenant) { tx in
            // The lock first: what is read afterwards belongs to the newest secret.
            guard try await Bot.locked(key.bot, in: tx) != nil else { return }
            let isDue = try await tx.execute(
                """
                UPDATE bot_webhook SET secret_seen_at = NULL
                WHERE tenant_id = \(tx.tenant) AND bot_id = \(key.bot)
                    AND secret_seen_at < clock_timestamp() - \(grace.seconds) * interval '1 second'
                """)
            guard isDue == 1 else { return }
            let bot = try await tx.first(
                """
                UPDATE bot SET webhook_secrets = webhook_secrets[1:1], updated_at = clock_timestamp()
                WHERE tenant_id = \(tx.tenant) AND id = \(key.bot) AND cardinality(webhook_secrets) > 1
                RETURNING \(Bot.columns)
                """, as: Bot.self)
            guard let bot else { return }
            try await events.record(.secretsRetired, bot, tx)
            try await Bot.announce(in: tx)
        }
    }
}
