import Platform

/// Tokens of active bots, opened, as answers ask for calls. One on each event loop.
///
/// However many are asked for at once, one statement at a time looks up all that were asked for meanwhile. A token is
/// kept for a few seconds, so a bot that is switched off may call that much longer.
actor BotTokens {
    private static let keptFor = Duration.seconds(3)
    private static let mostAtOnce = 500

    private struct Known {
        let token: BotToken
        let until: ContinuousClock.Instant
    }

    nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private let secrets: BotSecrets
    private var known: [BotKey: Known] = [:]
    private var asked: [BotKey: [CheckedContinuation<BotToken?, any Error>]] = [:]
    private var isLooking = false

    init(loop: EventLoop, database: Database, secrets: BotSecrets) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
        self.secrets = secrets
    }

    /// - Returns: nil for a bot that is not active.
    func token(of bot: BotKey) async throws -> BotToken? {
        if let known = known[bot], known.until > .now { return known.token }
        return try await withCheckedThrowingContinuation { continuation in
            asked[bot, default: []].append(continuation)
            guard !isLooking else { return }
            isLooking = true
            // Ends with its statements; who asks waits for them.
            Task(executorPreference: loop) { await self.lookUp() }
        }
    }

    private func lookUp() async {
        while !asked.isEmpty {
            let bots = Array(asked.keys.prefix(Self.mostAtOnce))
            let found: Result<[BotKey: [UInt8]], any Error>
            do { found = .success(try await sealed(bots)) } catch { found = .failure(error) }
            for bot in bots {
                answer(bot, with: Result { try found.get()[bot].flatMap { try open($0, of: bot) } })
            }
        }
        isLooking = false
    }

    private func answer(_ bot: BotKey, with token: Result<BotToken?, any Error>) {
        if case .success(let token?) = token {
            known[bot] = Known(token: token, until: .now + Self.keptFor)
            loop.schedule(after: Self.keptFor) { self.assumeIsolated { $0.forget(bot) } }
        }
        for waiting in asked.removeValue(forKey: bot) ?? [] { waiting.resume(with: token) }
    }

    private func forget(_ bot: BotKey) {
        if let token = known[bot], token.until <= .now { known.removeValue(forKey: bot) }
    }

    private func sealed(_ bots: [BotKey]) async throws -> [BotKey: [UInt8]] {
        let rows = try await database.system.withConnection { connection in
            try await connection.all(
                """
                SELECT bot.tenant_id, bot.id, bot.token_sealed
                FROM unnest(\(bots.map(\.tenant)), \(bots.map(\.bot))) AS w (tenant_id, id)
                JOIN bot ON bot.tenant_id = w.tenant_id AND bot.id = w.id
                WHERE bot.status = 'active' AND bot.token_sealed IS NOT NULL
                """, as: SealedToken.self)
        }
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.bot, $0.bytes) })
    }

    private func open(_ sealed: [UInt8], of bot: BotKey) throws -> BotToken? {
        BotToken(try secrets.open(sealed, .token, of: bot.bot, bot.tenant))
    }
}

private struct SealedToken: RowDecodable {
    let bot: BotKey
    let bytes: [UInt8]

    init(row: inout Row) throws {
        bot = try BotKey(row: &row)
        bytes = try row.next()
    }
}
