import Platform

extension Consumer {
    /// What a consumer begins with.
    package struct New: Sendable {
        package enum Start: String, Sendable, CaseIterable { case end, beginning }

        /// At once, and then over some 20 hours.
        package static let standardSchedule: [Duration] = [
            .zero, .seconds(2), .seconds(10), .seconds(60), .seconds(300), .seconds(1800), .seconds(7200),
            .seconds(21_600), .seconds(43_200),
        ]

        package var kind: Kind
        package var name: String
        package var start = Start.end
        package var url: String?
        /// `whsec_…` or `whsk_…`; a push consumer has one.
        package var signingSecret: String?
        package var telegramSecret: String?
        package var kinds: [String]?
        package var ordering = Ordering.lane
        package var concurrency = 40
        package var timeout = Duration.seconds(10)
        package var schedule = Self.standardSchedule
        package var onDead = OnDead.skip
        package var disableAfter: Duration? = .seconds(432_000)
        package var visibility = Duration.seconds(30)

        package init(_ kind: Kind, name: String) {
            self.kind = kind
            self.name = name
        }

        package static func push(to url: String, name: String, signingSecret: String) -> New {
            var new = New(.push, name: name)
            new.url = url
            new.signingSecret = signingSecret
            return new
        }
    }

    /// Makes a consumer of the tenant's bot. Its secrets are stored sealed: whoever is to know them is told now, or
    /// never.
    /// - Throws: `LimitReached`; a violation of `consumer_bot` when the tenant has no such bot.
    package static func create(
        _ new: New, of bot: ID<Bot>, box: ConsumerSecrets, in tx: TenantTransaction
    ) async throws -> Consumer {
        try await requireRoom(of: bot, in: tx)
        let id = ID<Consumer>()
        let signing = try new.signingSecret.map { try box.seal($0, .signing, of: id, tx.tenant) }
        let telegram = try new.telegramSecret.map { try box.seal($0, .telegramSecret, of: id, tx.tenant) }
        let consumer = try await tx.first(
            """
            INSERT INTO consumer (tenant_id, id, bot_id, type, name, url, secrets_sealed, telegram_secret_sealed,
                kinds, ordering, concurrency, timeout_ms, retry_schedule_ms, on_dead, disable_after_ms,
                visibility_ms, created_at, updated_at)
            VALUES (\(tx.tenant), \(id), \(bot), \(new.kind), \(new.name), \(new.url),
                \(signing.map { [$0] } ?? []), \(telegram), \(new.kinds), \(new.ordering),
                \(Int32(new.concurrency)), \(Int32(new.timeout.milliseconds)),
                \(new.schedule.map { Int64($0.milliseconds) }), \(new.onDead),
                \(new.disableAfter.map { Int64($0.milliseconds) }), \(Int32(new.visibility.milliseconds)),
                clock_timestamp(), clock_timestamp())
            RETURNING \(columns)
            """, as: Consumer.self)
        guard let consumer else { throw PostgresError.unexpectedResult("no row from INSERT") }
        try await consumer.putCursor(at: new.start, in: tx)
        return consumer
    }

    /// What is appended while this goes on has a greater position than whatever is seen here.
    private func putCursor(at start: New.Start, in tx: TenantTransaction) async throws {
        let position: SQL =
            switch start {
            case .beginning: "0"
            case .end:
                """
                coalesce((SELECT max(position) FROM update_log
                    WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot.bot)), 0)
                """
            }
        try await tx.execute(
            """
            INSERT INTO consumer_cursor (tenant_id, consumer_id, position, express_position)
            SELECT \(tx.tenant), \(id), start.position, start.position FROM (SELECT \(position)) AS start (position)
            """)
    }
}
