import Platform

/// The pollers of those bots that one event loop polls for: every bot whose updates come in by polling, of an active
/// tenant, whose shard this node holds.
///
/// They follow the bot directory and the leases. A poller whose lease is lost goes on for up to a second beside its
/// successor; Telegram then ends one of the two polls, and what both bring is stored once.
package actor Pollers {
    private static let interval = Duration.seconds(1)
    private static let batch = 200
    /// Between batches, so that thousands of bots do not connect at the same moment.
    private static let batchPause = Duration.milliseconds(100)
    private static let catchingUp = 16

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let share: LoopShare
    private let database: Database
    private let directory: BotDirectory
    private let leases: ShardLeases
    private let connector: BotConnector
    private let logger: Logger
    private let turns: CatchUpTurns
    private let news = WakeUp()
    private let makeParts: (@escaping @Sendable (BotKey, PollState) -> Void) -> BotPoller.Parts
    private var running: [BotKey: Running] = [:]
    /// Every task that has not ended, also of those no longer `running`.
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var lastNumber = 0
    private var states: [BotKey: PollState] = [:]
    private var gauge: GaugeShare
    private var isStopped = false

    private struct Running {
        /// Of the bot, as the directory had it.
        var version: Timestamp
        /// nil: the bot cannot be polled.
        let target: PollTarget?
        let number: Int
    }

    /// - Parameter telegram: over a client for polls only, with limits fit for as many requests as there are bots.
    package init(
        loop: EventLoop, share: LoopShare, database: Database, directory: BotDirectory, leases: ShardLeases,
        appender: UpdateAppender, telegram: BotAPIClient, connector: BotConnector,
        commands: AdminCommands? = nil, pace: PollPace = PollPace(),
        metrics: Metrics, logger: Logger
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.share = share
        self.database = database
        self.directory = directory
        self.leases = leases
        self.connector = connector
        self.logger = logger
        let turns = CatchUpTurns(Self.catchingUp, on: loop)
        self.turns = turns
        let counters = PollMetrics(metrics)
        makeParts = { show in
            BotPoller.Parts(
                loop: loop, directory: directory, appender: appender, telegram: telegram,
                connector: connector, commands: commands, turns: turns, pace: pace, metrics: counters,
                logger: logger, show: show)
        }
        gauge = GaugeShare(metrics.gauge("rookery_polling_bots", "Bots that this node polls for."))
    }

    // MARK: Life

    /// Runs until the task is cancelled; `stop` ends the polls.
    package func run() async throws {
        directory.watch(news)
        while true {
            do {
                try await refresh()
                try await saveStates()
            } catch let error as CancellationError {
                throw error
            } catch {
                logger.debug("the pollers could not be refreshed", ["error": "\(error)"])
            }
            try await news.pause(atMost: Self.interval, on: loop)
        }
    }

    /// Ends all polls at once. What is being stored is waited for.
    package func stop() async {
        isStopped = true
        for task in tasks.values { task.cancel() }
        await turns.open()
        while let task = tasks.values.first { await task.value }
        running = [:]
        gauge.set(0)
    }

    /// Ends the polls of a shard that is to be given back, for which none begins any more. What is being stored is
    /// waited for.
    package func leave(_ shard: Int) async {
        let leaving = running.filter { $0.key.shard == shard }
        let ending = leaving.values.compactMap { tasks[$0.number] }
        for (key, poller) in leaving { end(poller, of: key) }
        for task in ending { await task.value }
        gauge.set(running.count)
    }

    // MARK: Who polls

    private func refresh() async throws {
        let polling = directory.polling().filter { isOurs($0.key) }
        for (key, poller) in running where polling[key] == nil { end(poller, of: key) }
        var changed = polling.filter { running[$0.key]?.version != $0.value }.map(\.key)[...]
        while !changed.isEmpty, !isStopped {
            let batch = Array(changed.prefix(Self.batch))
            changed = changed.dropFirst(Self.batch)
            let found = try await PollTarget.find(
                batch, in: database, secrets: connector.secrets, logger: logger)
            for key in batch { polling[key].map { replace(key, version: $0, by: found[key]) } }
            gauge.set(running.count)
            if !changed.isEmpty { try await loop.sleep(for: Self.batchPause) }
        }
        gauge.set(running.count)
    }

    private func isOurs(_ key: BotKey) -> Bool {
        share.includes(key) && leases.epoch(of: key.shard) != nil
            && directory.tenants[key.tenant]?.status == .active
    }

    private func end(_ poller: Running, of key: BotKey) {
        running[key] = nil
        states[key] = nil
        tasks[poller.number]?.cancel()
    }

    private func replace(_ key: BotKey, version: Timestamp, by found: PollTarget.Found?) {
        // A shard may have been lost while the tokens were read.
        guard !isStopped, isOurs(key) else { return }
        if let known = running[key] {
            if known.target == found?.target {
                running[key]?.version = version
                return
            }
            end(known, of: key)
        }
        lastNumber += 1
        running[key] = Running(version: version, target: found?.target, number: lastNumber)
        if let found { start(found, number: lastNumber) }
    }

    private func start(_ found: PollTarget.Found, number: Int) {
        let poller = BotPoller(
            found,
            parts: makeParts { [weak self] key, state in
                // On the same loop.
                self?.assumeIsolated { $0.states[key] = state }
            })
        // `stop` awaits its end.
        tasks[number] = Task(executorPreference: loop) {
            await poller.run()
            await self.ended(number)
        }
    }

    private func ended(_ number: Int) { tasks[number] = nil }

    // MARK: What is shown

    private func saveStates() async throws {
        guard !states.isEmpty else { return }
        let batch = states
        try await database.job { tx in try await PollState.save(batch, in: tx) }
        for (key, state) in batch where states[key] == state { states[key] = nil }
    }
}
