import Platform

/// Connects the bots of imports, one after the other at the pace given, of all tenants in turn. A job under a lease:
/// one of it runs over all nodes.
///
/// What Telegram refuses fails for good. When it cannot be asked, or asks to wait, all wait.
package actor BotImporter {
    private static let idle = Duration.seconds(1)
    /// Under way at a time: one takes several calls.
    private static let concurrent = 16
    private static let batch = 64
    private static let ofEachTenant = 8
    /// How long the count of the last hour is gone by.
    private static let countedFor = Duration.seconds(60)
    /// While the hour is full, and after the database has failed.
    private static let pause = Duration.seconds(10)
    /// How often imports that ended long ago are deleted.
    private static let clearEvery = Duration.seconds(3600)

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private let registration: ImportRegistration
    private let pace: OnboardingPace
    private let logger: Logger
    private var nextTurn = ContinuousClock.now
    /// Nobody begins before.
    private var heldUntil = ContinuousClock.now
    private var outage = PollBackoff()
    private var leftOfHour = 0
    private var countedAt: ContinuousClock.Instant?
    private var nextClearing = ContinuousClock.now

    package init(
        loop: EventLoop, database: Database, connector: BotConnector, box: SecretBox, pace: OnboardingPace,
        logger: Logger
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
        registration = ImportRegistration(
            database: database, connector: connector, secrets: ImportSecrets(box))
        self.pace = pace
        self.logger = logger
    }

    /// Runs until the task is cancelled.
    package func run() async {
        countedAt = nil
        nextTurn = .now + pace.interval
        while !Task.isCancelled {
            do {
                try await clear()
                let due = try await database.job { tx in
                    try await ImportAttempt.due(Self.batch, ofEach: Self.ofEachTenant, in: tx)
                }
                try await connect(due)
                if due.isEmpty { try await loop.sleep(for: Self.idle) }
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("imports of bots are held up", ["error": "\(error)"])
                try? await loop.sleep(for: Self.pause)
            }
        }
    }

    private func connect(_ due: [BotImportItem.Key]) async throws {
        let waiting: Result<Void, any Error> = await withTaskGroup(of: Void.self) { group in
            var running = 0
            for key in due {
                if running >= Self.concurrent {
                    await group.next()
                    running -= 1
                }
                // Not thrown here: those under way would end with it.
                do { try await waitForTurn() } catch { return .failure(error) }
                running += 1
                group.addTask(executorPreference: loop) { await self.connect(key) }
            }
            return .success(())
        }
        try waiting.get()
    }

    private func clear() async throws {
        guard nextClearing <= .now else { return }
        nextClearing = .now + Self.clearEvery
        try await database.job { tx in try await BotImport.deleteOld(in: tx) }
    }

    // MARK: The pace

    private func waitForTurn() async throws {
        while true {
            let turn = max(nextTurn, heldUntil)
            if turn > .now {
                try await loop.sleep(until: turn)
            } else if try await hasRoomThisHour() {
                nextTurn = max(nextTurn, .now - pace.interval) + pace.interval
                leftOfHour -= 1
                return
            } else {
                try await loop.sleep(for: Self.pause)
            }
        }
    }

    private func hasRoomThisHour() async throws -> Bool {
        if leftOfHour > 0, let countedAt, .now - countedAt < Self.countedFor { return true }
        let shown = try await database.job { tx in try await OnboardingPace.shownLately(in: tx) }
        countedAt = .now
        leftOfHour = pace.perHour - shown
        return leftOfHour > 0
    }

    // MARK: One bot

    /// One that cannot be begun with, or whose end cannot be written down, is tried again in two minutes.
    private func connect(_ key: BotImportItem.Key) async {
        do {
            guard let attempt = try await registration.claim(key) else { return }
            do {
                try await registration.connect(attempt)
                outage.reset()
            } catch {
                try Task.checkCancellation()
                hold(after: error)
                try await registration.fail(attempt, error)
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning(
                "a bot of an import is held up",
                ["import": "\(key.batch)", "place": "\(key.place)", "error": "\(error)"])
            heldUntil = max(heldUntil, .now + Self.pause)
        }
    }

    private func hold(after error: any Error) {
        if error is ImportRegistration.SealedToken {
            logger.error("a token to be imported cannot be opened: is ROOKERY_MASTER_KEY the right one?")
        }
        guard error.isTelegramAway else { return outage.reset() }
        let asked = (error as? BotAPIError)?.retryAfter
        heldUntil = max(heldUntil, .now + (asked.map { min($0, .seconds(3600)) } ?? outage.next()))
    }
}
