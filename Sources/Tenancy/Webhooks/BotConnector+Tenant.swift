import Platform

/// What is done at Telegram before a tenant is deleted, whose tokens are wiped then.
extension BotConnector {
    private static let letGoAtATime = 32
    /// How long the reconciler leaves a bot alone whose tenant is being deleted. Should that come to nothing, it sets
    /// the webhook again.
    private static let letGoFor = Duration.seconds(60)

    /// Deletes the webhooks of a tenant's bots at Telegram, unless they are somebody else's. As far as that goes: a bot
    /// that cannot be reached keeps its webhook, and so do those left when the time is over.
    /// - Returns: how many were let go.
    /// - Throws: `PostgresError` when it is not known which bots there are.
    @discardableResult
    package func letGo(of tenant: ID<Tenant>, within time: Duration = .seconds(10)) async throws -> Int {
        let bots = try await database.read(tenant) { tx in try await Bot.all(in: tx) }
            .filter { $0.status == .active && $0.transport == .webhook }
        guard !bots.isEmpty else { return 0 }
        return await withTaskGroup(of: Bool?.self) { group in
            // nil: the time is over.
            group.addTask(executorPreference: loop) { [loop] in
                try? await loop.sleep(for: time)
                return nil
            }
            var (waiting, count) = (bots[...], 0)
            func begin() {
                guard let bot = waiting.popFirst() else { return }
                group.addTask(executorPreference: loop) { (try? await letGo(bot.key)) != nil }
            }
            for _ in 0..<Self.letGoAtATime { begin() }
            var left = bots.count
            while left > 0, let isDone = await group.next() {
                guard let isDone else { break }
                left -= 1
                if isDone { count += 1 }
                begin()
            }
            group.cancelAll()
            return count
        }
    }

    private func letGo(_ key: BotKey) async throws -> (Bot, Webhook)? {
        try await work(on: key) { work in
            guard work.bot.status == .active else { return Done() }
            try await deleteOurs(&work)
            work.webhook.deleted()
            work.webhook.nextCheckAt = .now + Self.letGoFor
            work.bot.transport = .none
            return Done()
        }
    }
}
