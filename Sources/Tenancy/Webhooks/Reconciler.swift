import Platform

/// Looks at every bot once an interval, and at those that are due for another reason, and has how their updates come in
/// become as it is wanted.
///
/// One runs at a time over all nodes (`LeasedJobs`); should two run for a moment, each bot is claimed by one of them. Bots
/// are claimed in batches, paced, and a bounded number is under way. What was found and is as before is written for many
/// bots at once; anything else is one piece of work of its own (`BotConnector.carryOut`).
package actor Reconciler {
    /// How many bots at most are under way: what the connector's client is to have room for.
    package static let mostAtOnce = CheckPace.mostAtOnce
    private static let busyPause = Duration.milliseconds(100)
    private static let idlePause = Duration.milliseconds(500)
    /// Kept to be written while the database does not take them.
    private static let mostResults = 2000
    private static let surveyEvery = Duration.seconds(60)

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let connector: BotConnector
    private let probe: WebhookProbe
    private let waits: CheckWaits
    private let metrics: ReconcilerMetrics
    private let logger: Logger

    private var pace = CheckPace()
    private var outage = TelegramOutage()
    private var underWay = 0
    /// More would have begun, had there been places.
    private var isFull = false
    /// Half of the places are free again that had all been taken.
    private let room = WakeUp()
    private var results: [CheckResult] = []
    private var isSavingFailing = false
    private var lastSurvey: ContinuousClock.Instant?
    private var isFailing = false

    private nonisolated var loop: EventLoop { connector.loop }

    /// - Parameter patience: for how long a hybrid bot's webhook fails before the bot polls.
    package init(
        connector: BotConnector, probe: WebhookProbe, patience: Duration, metrics: Metrics, logger: Logger
    ) {
        unownedExecutor = connector.loop.asUnownedSerialExecutor()
        self.connector = connector
        self.probe = probe
        waits = CheckWaits(interval: connector.schedule.interval, patience: patience)
        self.metrics = ReconcilerMetrics(metrics)
        self.logger = logger
    }

    /// Runs until the task is cancelled.
    package func run() async {
        lastSurvey = nil
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let claimed = await round()
                for work in claimed { group.addTask { await self.examine(work) } }
                let isBusy = !claimed.isEmpty || underWay > 0
                // Cancelled, it ends the loop.
                try? await room.pause(atMost: isBusy ? Self.busyPause : Self.idlePause, on: loop)
            }
            group.cancelAll()
        }
        // A task of its own, since this one is cancelled. Awaited right here.
        await Task(executorPreference: loop) { await self.saveResults() }.value
        metrics.show(BotSurvey())
    }

    private func ended() {
        underWay -= 1
        guard isFull, underWay <= pace.atOnce / 2 else { return }
        isFull = false
        room.wake()
    }

    /// Writes down what has been found, and claims what is due.
    private func round() async -> [BotWork] {
        await saveResults()
        do {
            try await survey()
            let works = try await claim()
            isFailing = false
            return works
        } catch {
            if !isFailing, !Task.isCancelled {
                logger.warning("bots could not be looked up for their checks", ["error": "\(error)"])
            }
            isFailing = true
            return []
        }
    }

    private func claim() async throws -> [BotWork] {
        let now = ContinuousClock.now
        let (allowed, places) = (pace.allowance(at: now), pace.atOnce - underWay)
        isFull = places < allowed
        let limit = min(allowed, places, outage.isDown && underWay > 0 ? 0 : outage.allowance(at: now))
        guard limit > 0 else { return [] }
        let since = connector.schedule.skipSince(.now)
        let (secrets, database) = (connector.secrets, connector.database)
        let works = try await database.job { tx in
            try await BotWork.claimDue(limit, checkedBefore: since, box: secrets, in: tx)
        }
        pace.took(works.count)
        underWay += works.count
        return works
    }

    private func survey() async throws {
        guard lastSurvey.map({ .now - $0 >= Self.surveyEvery }) ?? true else { return }
        let survey = try await connector.database.job { tx in try await BotSurvey.take(in: tx) }
        lastSurvey = .now
        pace.set(bots: survey.total, interval: waits.interval)
        metrics.show(survey)
    }

    // MARK: One bot

    private func examine(_ work: BotWork) async {
        defer { ended() }
        do {
            let outcome = try await connector.reconcile(work, waits: waits, probe: probe)
            take(outcome)
        } catch let error as BotAPIError {
            unavailable(work, retryAfter: error.retryAfter, "\(error)")
        } catch let error as HTTPClientError {
            guard !Task.isCancelled else { return results.append(work.postponed(by: .zero)) }
            unavailable(work, retryAfter: nil, "\(error)")
        } catch {
            metrics.failed.increment()
            guard !Task.isCancelled else { return results.append(work.postponed(by: .zero)) }
            logger.warning("a bot could not be checked", ["bot": "\(work.bot.id)", "error": "\(error)"])
            results.append(work.postponed(by: waits.unavailable(retryAfter: nil)))
        }
    }

    private func take(_ outcome: BotConnector.Outcome) {
        switch outcome {
        case .unchanged(let result):
            outage.answered()
            metrics.checked(result.claimed.webhook.state)
            results.append(result)
        case .changed(let state):
            outage.answered()
            metrics.checked(state)
        case .skipped(let result):
            metrics.skipped.increment()
            results.append(result)
        case .ended:
            outage.answered()
            metrics.ended.increment()
        }
    }

    /// Says nothing about the bot, which is looked at a little later.
    private func unavailable(_ work: BotWork, retryAfter: Duration?, _ error: String) {
        metrics.unavailable.increment()
        let wasDown = outage.isDown
        outage.failed(retryAfter: retryAfter, at: .now)
        if outage.isDown, !wasDown {
            logger.warning("Telegram cannot be asked about bots", ["error": error])
        }
        results.append(work.postponed(by: waits.unavailable(retryAfter: retryAfter)))
    }

    private func saveResults() async {
        guard !results.isEmpty else { return }
        let batch = results
        results = []
        do {
            try await connector.database.job { tx in try await CheckResult.save(batch, in: tx) }
            isSavingFailing = false
        } catch {
            // Of a bot that somebody else has claimed meanwhile nothing is written.
            results = (batch + results).suffix(Self.mostResults)
            if !isSavingFailing {
                logger.warning("checks of bots could not be written down", ["error": "\(error)"])
            }
            isSavingFailing = true
        }
    }
}
