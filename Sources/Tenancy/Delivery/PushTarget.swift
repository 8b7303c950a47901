import Platform

/// Everything a delivery needs to know of its push consumer, secrets opened.
package struct PushTarget: Sendable {
    var consumer: Consumer
    /// Whose endpoint it is: the consumer itself, or the one that it replays. Its updates keep the ids they had there.
    let source: ID<Consumer>
    let url: String
    let signer: WebhookSigner
    let telegramSecret: String?
    /// For the header that names the bot.
    let telegramID: Int64
    /// nil: every kind.
    var wanted: Set<String>?
    /// nil for a consumer that is none.
    var replay: ReplayTarget?

    var isReplay: Bool { source != consumer.id }
    /// How long the endpoint has for an answer.
    package var timeout: Duration { consumer.timeout }

    func wants(_ update: LoggedUpdate) -> Bool {
        update.kind != UpdateKind.adminCommand && (wanted?.contains(update.kind) ?? true)
            && (replay?.covers(update) ?? true)
    }

    var schedule: RetrySchedule { RetrySchedule(waits: consumer.schedule) }
}

extension PushTarget {
    /// The push consumers of `bots` that deliver now: active ones of active bots and tenants.
    static func active(
        of bots: [BotKey], in database: Database, secrets: ConsumerSecrets, logger: Logger
    ) async throws -> [PushTarget] {
        let rows = try await database.system.withConnection { connection in
            try await connection.all(
                """
                SELECT \(SealedPushTarget.columns)
                FROM unnest(\(bots.map(\.tenant)), \(bots.map(\.bot))) AS w (tenant_id, bot_id)
                JOIN consumer ON consumer.tenant_id = w.tenant_id AND consumer.bot_id = w.bot_id
                JOIN bot ON bot.tenant_id = w.tenant_id AND bot.id = w.bot_id
                JOIN tenant ON tenant.id = w.tenant_id
                WHERE consumer.type = 'push' AND consumer.status = 'active' AND bot.status <> 'deleted'
                    AND tenant.status = 'active'
                """, as: SealedPushTarget.self)
        }
        let replays = try await replays(of: bots, in: database, secrets: secrets, logger: logger)
        return replays
            + rows.compactMap { row in
                do {
                    return try row.opened(by: secrets)
                } catch {
                    logger.error(
                        "a consumer's secrets cannot be used; it gets nothing until they can",
                        [
                            "consumer": "\(row.consumer.id)", "error": "\(error)",
                        ])
                    return nil
                }
            }
    }
}

extension PushTarget {
    /// One push consumer, whether it delivers now or not.
    /// - Returns: nil when this tenant has none such, or its bot is deleted.
    package static func find(
        _ id: ID<Consumer>, box: ConsumerSecrets, in tx: TenantTransaction
    ) async throws -> PushTarget? {
        let sealed = try await tx.first(
            """
            SELECT \(SealedPushTarget.columns)
            FROM consumer JOIN bot ON bot.tenant_id = consumer.tenant_id AND bot.id = consumer.bot_id
            WHERE consumer.tenant_id = \(tx.tenant) AND consumer.id = \(id) AND consumer.type = 'push'
                AND bot.status <> 'deleted'
            """, as: SealedPushTarget.self)
        return try sealed?.opened(by: box)
    }
}

struct SealedPushTarget: RowDecodable {
    static let columns: SQL = """
        \(Consumer.columns), \(SigningSecrets.columns), consumer.telegram_secret_sealed, bot.telegram_id
        """

    let consumer: Consumer
    let secrets: SigningSecrets
    let telegramSecret: [UInt8]?
    let telegramID: Int64

    init(row: inout Row) throws {
        consumer = try Consumer(row: &row)
        secrets = try SigningSecrets(row: &row)
        telegramSecret = try row.next()
        telegramID = try row.next()
    }

    func opened(by box: ConsumerSecrets) throws -> PushTarget {
        let tenant = consumer.bot.tenant
        return PushTarget(
            consumer: consumer,
            source: consumer.id,
            url: consumer.url ?? "",
            signer: try secrets.signer(of: consumer.id, tenant, box: box),
            telegramSecret: try telegramSecret.map {
                try box.open($0, .telegramSecret, of: consumer.id, tenant)
            },
            telegramID: telegramID,
            wanted: consumer.kinds.map(Set.init))
    }
}
