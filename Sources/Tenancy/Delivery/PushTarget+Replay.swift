import Platform

/// What a replay delivers of its bot's log, and how fast.
struct ReplayTarget: Sendable, Equatable {
    let from: Timestamp
    let to: Timestamp
    let chatID: Int64?
    /// The last position of its range.
    let until: Int64
    let perSecond: Int

    /// What has a deadline is not delivered: counted as expired when the replay was made.
    func covers(_ update: LoggedUpdate) -> Bool {
        update.deadline == nil && update.position <= until && update.receivedAt >= from
            && update.receivedAt < to
            && (chatID == nil || update.chatID == chatID)
    }
}

extension PushTarget {
    /// The replays of `bots` that deliver now: running ones, or ended ones some of whose dead letters somebody has
    /// retried, whose source delivers. All that is set is the source's, but the kinds.
    static func replays(
        of bots: [BotKey], in database: Database, secrets: ConsumerSecrets, logger: Logger
    ) async throws -> [PushTarget] {
        let rows = try await database.system.withConnection { connection in
            try await connection.all(
                """
                SELECT own.id, own.kinds, own.lanes_changed_at, replay.from_time, replay.until_time, replay.chat_id,
                    replay.until_position, replay.per_second, \(SealedPushTarget.columns)
                FROM unnest(\(bots.map(\.tenant)), \(bots.map(\.bot))) AS w (tenant_id, bot_id)
                JOIN consumer AS own ON own.tenant_id = w.tenant_id AND own.bot_id = w.bot_id AND own.type = 'replay'
                JOIN replay ON replay.tenant_id = own.tenant_id AND replay.consumer_id = own.id
                JOIN consumer ON consumer.tenant_id = own.tenant_id AND consumer.id = replay.source_id
                JOIN bot ON bot.tenant_id = w.tenant_id AND bot.id = w.bot_id
                JOIN tenant ON tenant.id = w.tenant_id
                WHERE consumer.type = 'push' AND consumer.status = 'active' AND bot.status <> 'deleted'
                    AND tenant.status = 'active' AND (replay.status = 'running' OR replay.status = 'finished' AND EXISTS (
                        SELECT FROM delivery WHERE delivery.tenant_id = own.tenant_id
                            AND delivery.consumer_id = own.id AND delivery.status = 'retrying'))
                """, as: SealedReplay.self)
        }
        return rows.compactMap { row in
            do {
                return try row.opened(by: secrets)
            } catch {
                logger.error(
                    "a consumer's secrets cannot be used; its replay waits until they can",
                    ["consumer": "\(row.source.consumer.id)", "error": "\(error)"])
                return nil
            }
        }
    }
}

private struct SealedReplay: RowDecodable {
    let id: ID<Consumer>
    let kinds: [String]?
    let lanesChangedAt: Timestamp?
    let replay: ReplayTarget
    let source: SealedPushTarget

    init(row: inout Row) throws {
        id = try row.next()
        kinds = try row.next()
        lanesChangedAt = try row.next()
        replay = ReplayTarget(
            from: try row.next(), to: try row.next(), chatID: try row.next(), until: try row.next(),
            perSecond: Int(try row.next(Int32.self)))
        source = try SealedPushTarget(row: &row)
    }

    func opened(by box: ConsumerSecrets) throws -> PushTarget {
        var target = try source.opened(by: box)
        target.consumer.id = id
        target.consumer.kind = .replay
        target.consumer.kinds = kinds
        target.consumer.lanesChangedAt = lanesChangedAt
        target.wanted = kinds.map(Set.init)
        target.replay = replay
        return target
    }
}
