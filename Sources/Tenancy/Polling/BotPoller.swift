import Platform

/// Polls for one bot, until its task is cancelled.
///
/// A poll waits at Telegram for as long as it may, and asks for few updates, since thousands wait at the same time and
/// all could be answered at once. When it comes back full the bot is behind, and large batches are fetched, in turn
/// with other bots that are behind.
///
/// What a poll brings is confirmed by the offset of the next one, which is asked for only after the commit. When the
/// commit fails the updates are forgotten here, and Telegram gives them again. An empty answer confirms all before it;
/// the offset is then left out, because Telegram begins anew with a random number after a week without updates.
actor BotPoller {
    /// What all pollers of an event loop share.
    struct Parts: Sendable {
        let loop: EventLoop
        let directory: BotDirectory
        let appender: UpdateAppender
        /// For polls only: nothing else waits for a connection while thousands are in use.
        let telegram: BotAPIClient
        let connector: BotConnector
        /// nil: every update is an ordinary one.
        let commands: AdminCommands?
        let turns: CatchUpTurns
        let pace: PollPace
        let metrics: PollMetrics
        let logger: Logger
        /// What is to be shown of a bot.
        let show: @Sendable (BotKey, PollState) -> Void
    }

    private static let firstLimit = 10
    private static let firstResponseLimit = 1 << 20
    private static let largestLimit = 100
    private static let largestResponseLimit = 4 << 20

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    let target: PollTarget
    let parts: Parts
    var backoff = PollBackoff()
    /// Since when every poll has failed.
    var failingSince: ContinuousClock.Instant?
    var conflicts: PollConflicts
    /// nil when it is not known.
    private var shown: PollState?
    private var offset: Int64?
    private var isBehind = false
    private var limit = largestLimit
    private var brought = 0

    init(_ found: PollTarget.Found, parts: Parts) {
        unownedExecutor = parts.loop.asUnownedSerialExecutor()
        target = found.target
        shown = found.shown
        conflicts = PollConflicts(isForeign: found.shown == .foreignPoll)
        self.parts = parts
    }

    func run() async {
        while !Task.isCancelled {
            do {
                try await poll()
            } catch {
                guard !Task.isCancelled, await recover(from: error) else { return }
            }
        }
    }

    /// Notes what is to be shown, when it is another than before.
    func show(_ state: PollState) {
        guard state != shown else { return }
        shown = state
        parts.show(target.key, state)
    }

    /// What is shown was written by others meanwhile.
    func forgetShown() { shown = nil }

    /// The answer to the last poll was longer than it may be.
    /// - Returns: false when not even one update fits.
    func askForLess() -> Bool {
        guard limit > 1 || !isBehind else { return false }
        limit = isBehind ? limit / 2 : Self.firstLimit
        isBehind = true
        return true
    }

    // MARK: One poll

    private func poll() async throws {
        let allowance = parts.directory.allowance(of: target.key, brought: brought)
        brought = 0
        if allowance.after > .zero { return try await parts.loop.sleep(for: allowance.after) }
        if isBehind {
            let limit = min(limit, allowance.atMost)
            try await parts.turns.take {
                try await take(fetch(limit, wait: .zero, Self.largestResponseLimit), askedFor: limit)
            }
        } else {
            let limit = min(Self.firstLimit, allowance.atMost)
            try await take(fetch(limit, wait: parts.pace.wait, Self.firstResponseLimit), askedFor: limit)
        }
    }

    private func fetch(_ limit: Int, wait: Duration, _ responseLimit: Int) async throws -> [ReceivedUpdate] {
        let updates = try await parts.telegram.getUpdates(
            offset: offset, limit: limit, wait: wait, allowedUpdates: target.allowedUpdates,
            token: target.token, responseLimit: responseLimit)
        noteSuccess()
        return updates
    }

    private func noteSuccess() {
        failingSince = nil
        if !conflicts.isForeign(parts.pace) { show(.fine) }
    }

    private func take(_ updates: [ReceivedUpdate], askedFor count: Int) async throws {
        guard let last = updates.map(\.updateID).max() else {
            parts.metrics.empty.increment()
            offset = nil
            isBehind = false
            return backoff.reset()
        }
        parts.metrics.brought.increment()
        parts.metrics.updates.increment(by: updates.count)
        let (new, orders) = try await sorted(updates.compactMap(newUpdate))
        let refused = try await parts.appender.append(contentsOf: new)
        for order in orders { await parts.commands?.carryOut(order) }
        for update in refused { logRefused(update, "the database does not take it") }
        offset = last == .max ? nil : last + 1
        isBehind = updates.count >= count
        limit = min(Self.largestLimit, limit * 2)
        brought = updates.count
        backoff.reset()
    }

    /// Finds the commands for the platform among them.
    private func sorted(_ updates: [NewUpdate]) async throws -> ([NewUpdate], [AdminCommands.Order]) {
        guard let commands = parts.commands, parts.directory.takesAdminCommands(target.key.bot) else {
            return (updates, [])
        }
        var (sorted, orders): ([NewUpdate], [AdminCommands.Order]) = ([], [])
        for update in updates {
            let order = try await commands.order(in: update)
            sorted.append(order == nil ? update : update.asAdminCommand)
            if let order { orders.append(order) }
        }
        return (sorted, orders)
    }

    private func newUpdate(_ update: ReceivedUpdate) -> NewUpdate? {
        do {
            return NewUpdate(
                tenant: target.key.tenant, bot: target.key.bot, head: try UpdateHead(parsing: update.payload),
                receivedAt: .now, payload: update.payload)
        } catch {
            logRefused(update.updateID, "\(error)")
            return nil
        }
    }

    /// Telegram would give it again and again, and nothing after it.
    private func logRefused(_ update: Int64, _ reason: String) {
        parts.logger.error(
            "an update cannot be stored and is left out",
            ["bot": "\(target.key.bot)", "update_id": "\(update)", "error": "\(reason)"])
    }
}
