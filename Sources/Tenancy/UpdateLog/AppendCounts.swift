import Platform

/// Tells how bots fare of what is appended to the log.
struct AppendCounts: Sendable {
    let traffic: BotTraffic?

    /// - Parameter repeated: how many of each bot's were in the log already.
    func stored(_ updates: [NewUpdate], _ repeated: [BotKey: Int]) {
        guard let traffic else { return }
        let now = Timestamp.now
        var repeated = repeated
        for update in updates {
            if !repeated.isEmpty, let rest = repeated[update.key], rest > 0 {
                repeated[update.key] = rest - 1
                traffic.stored(bot: update.key, count: 0, repeated: 1, time: .zero, at: now)
            } else {
                traffic.stored(bot: update.key, time: max(.zero, now - update.receivedAt), at: now)
            }
        }
    }

    func refused(_ updates: [NewUpdate], _ refusal: BotTraffic.Refusal) {
        for update in updates { traffic?.refused(bot: update.key, refusal) }
    }

    /// Whose updates the append that the connection has just committed found in the log: asked only when there were
    /// some.
    func repetitions(
        in updates: [NewUpdate], added: Int, _ connection: PostgresConnection
    ) async -> [BotKey: Int] {
        guard traffic != nil, added < updates.count else { return [:] }
        var counts: [BotKey: Int] = [:]
        for update in updates { counts[update.key, default: 0] += 1 }
        if added == 0 { return counts }
        if counts.count == 1, let bot = counts.keys.first { return [bot: updates.count - added] }
        // Not worth an error: these would only be counted as new.
        let new = try? await UpdateLog.countNew(
            among: updates.count, of: Array(counts.keys), in: connection)
        guard let new else { return [:] }
        for (bot, count) in new { counts[bot, default: 0] -= count }
        return counts
    }
}
