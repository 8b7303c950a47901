import Platform

/// The push consumers of the bots that one event loop delivers for.
///
/// A bot's consumers are loaded when the log has news for it and given up when they have been idle for a while,
/// so memory follows the bots that are busy, not the bots that exist.
package actor Delivery {
    private static let idleTime = Duration.seconds(60)
    private static let refreshEvery = Duration.seconds(1)
    private static let loadLimit = 200

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    let loop: EventLoop
    private let share: LoopShare
    private let database: Database
    private let secrets: ConsumerSecrets
    private let logger: Logger
    let parts: PushConsumer.Parts
    private let reloadEvery: Duration
    private var levels: DeliveryLevels
    private(set) var bots: [BotKey: [ID<Consumer>: PushConsumer]] = [:]
    private var toLoad: Set<BotKey> = []
    private var ending: Set<ObjectIdentifier> = []
    /// Consumers that could not be taken, and the epochs that have them: each is logged once.
    private var overtaken: [ID<Consumer>: Int64] = [:]
    private var isLoading = false
    private var isStopped = false
    private var lastRefresh = Timestamp.now
    private var lastForgetting = ContinuousClock.now
    private var lastReload = ContinuousClock.now

    /// - Parameters:
    ///   - traffic: told of what is delivered, and what is not.
    ///   - calls: carries out what answers ask for; nil: nothing is.
    ///   - reloadEvery: how often everything in memory is read again.
    package init(
        loop: EventLoop, share: LoopShare, database: Database, secrets: ConsumerSecrets, leases: ShardLeases,
        client: HTTPClient, metrics: Metrics, logger: Logger, traffic: BotTraffic? = nil,
        calls: BotCalls? = nil, events: ConsumerEvents = .none,
        reloadEvery: Duration = .seconds(30)
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.share = share
        self.database = database
        self.secrets = secrets
        self.logger = logger
        self.reloadEvery = reloadEvery
        levels = DeliveryLevels(metrics)
        let journal = DeliveryJournal(loop: loop, database: database, logger: logger)
        parts = PushConsumer.Parts(
            loop: loop, database: database, reader: LogReader(loop: loop, database: database),
            budget: WindowBudget(),
            journal: journal,
            outcomes: DeliveryOutcomes(
                loop: loop, database: database, journal: journal, calls: calls, events: events,
                logger: logger),
            sender: DeliverySender(client: client, logger: logger), leases: leases,
            metrics: DeliveryMetrics(metrics),
            traffic: traffic, logger: logger)
    }

    // MARK: From outside

    /// The log has news for these bots, or their consumers have changed and must be read again.
    package func wake(_ keys: some Sequence<BotKey>) {
        guard !isStopped else { return }
        for key in keys where isOurs(key) {
            if let consumers = bots[key] {
                for consumer in consumers.values { consumer.assumeIsolated { $0.wake() } }
            } else {
                toLoad.insert(key)
            }
        }
        startLoading()
    }

    /// Reads the settings of these bots' consumers again, loaded or not.
    package func reload(_ keys: some Sequence<BotKey>) {
        guard !isStopped else { return }
        toLoad.formUnion(keys.filter(isOurs))
        startLoading()
    }

    private func isOurs(_ key: BotKey) -> Bool {
        share.includes(key) && parts.leases.epoch(of: key.shard) != nil
    }

    /// Ends all deliveries and writes down how far they came. What is under way is waited for.
    package func stop() async {
        isStopped = true
        for consumer in bots.values.flatMap(\.values) { await consumer.stop() }
        await parts.outcomes.drain()
        await parts.journal.drain()
        bots = [:]
        observeLevels()
    }

    // MARK: Loading

    private func startLoading() {
        guard !isLoading, !isStopped, !toLoad.isEmpty else { return }
        isLoading = true
        // Ends when there is nothing left to load.
        Task(executorPreference: loop) { await self.load() }
    }

    private func load() async {
        while !toLoad.isEmpty, !isStopped {
            let keys = Array(toLoad.prefix(Self.loadLimit))
            toLoad.subtract(keys)
            do {
                let targets = try await PushTarget.active(
                    of: keys, in: database, secrets: secrets, logger: logger)
                let byBot = Dictionary(grouping: targets, by: \.consumer.bot)
                var unwritten: [BotKey] = []
                for key in keys {
                    do { try await replace(key, byBot[key] ?? []) } catch DeliveryJournal.Fault.notWritten {
                        unwritten.append(key)
                    }
                }
                if !unwritten.isEmpty { await loadLater(unwritten, DeliveryJournal.Fault.notWritten) }
            } catch {
                await loadLater(keys, error)
            }
        }
        isLoading = false
        startLoading()
    }

    private func loadLater(_ keys: [BotKey], _ error: any Error) async {
        logger.debug("consumers could not be loaded", ["error": "\(error)"])
        toLoad.formUnion(keys)
        try? await loop.sleep(for: .milliseconds(500))
    }

    private func replace(_ key: BotKey, _ targets: [PushTarget]) async throws {
        // An empty entry stays until `dropIdle`: it saves asking again for a bot without consumers.
        if targets.isEmpty && bots[key] == nil { bots[key] = [:] }
        for target in targets {
            let id = target.consumer.id
            if let known = bots[key]?[id] {
                change(known, to: target, of: key)
            } else if let consumer = try await start(target) {
                enter(consumer, id, of: key)
            }
        }
        let wanted = Set(targets.map(\.consumer.id))
        for (id, gone) in bots[key] ?? [:] where !wanted.contains(id) { end(gone, id, of: key) }
    }

    /// Without a pause between the last check and this: nothing may begin after `stop`.
    private func enter(_ consumer: PushConsumer, _ id: ID<Consumer>, of key: BotKey) {
        guard !isStopped else { return }
        bots[key, default: [:]][id] = consumer
        overtaken.removeValue(forKey: id)
        consumer.assumeIsolated { $0.wake() }
    }

    private func change(_ consumer: PushConsumer, to target: PushTarget, of key: BotKey) {
        // One that is idle stays so: else reading it again would keep it in memory for ever.
        guard consumer.assumeIsolated({ $0.target.consumer != target.consumer }) else { return }
        let isTaken = consumer.assumeIsolated { $0.takeOver(target) }
        if !isTaken { end(consumer, target.consumer.id, of: key) }
    }

    /// Stops a consumer without waiting for it here, since its endpoint may take a minute to answer. It keeps its
    /// place until then, so that no successor begins before; after that the bot is looked at again.
    func end(_ consumer: PushConsumer, _ id: ID<Consumer>, of key: BotKey) {
        guard ending.insert(ObjectIdentifier(consumer)).inserted else { return }
        // `stop` finds it in `bots` and waits as well.
        Task(executorPreference: loop) {
            await consumer.stop()
            await self.parts.journal.drain()
            await self.ended(consumer, id, of: key)
        }
    }

    private func ended(_ consumer: PushConsumer, _ id: ID<Consumer>, of key: BotKey) {
        ending.remove(ObjectIdentifier(consumer))
        if bots[key]?[id] === consumer { bots[key]?.removeValue(forKey: id) }
        // Gone, so that the next wake loads it.
        if bots[key]?.isEmpty ?? false { bots.removeValue(forKey: key) }
        reload([key])
    }

    /// - Returns: nil when the shard is not this node's any more.
    private func start(_ target: PushTarget) async throws -> PushConsumer? {
        try await parts.journal.writeProgress(of: target.consumer.id)
        guard let epoch = parts.leases.epoch(of: target.consumer.bot.shard) else { return nil }
        let consumer = target.consumer
        let (cursor, holder) = try await database.system.withConnection { connection in
            let cursor = try await ConsumerCursor.take(
                consumer.id, of: consumer.bot, epoch: epoch, in: connection)
            if let cursor { return (cursor, epoch) as (ConsumerCursor?, Int64?) }
            return (nil, try await ConsumerCursor.epoch(of: consumer.id, consumer.bot, in: connection))
        }
        guard let cursor else {
            if let holder { warnOvertaken(consumer.id, epoch, by: holder) }
            return nil
        }
        let (lanes, isComplete) = try await DeliveryRow.heldLanes(of: consumer, in: database)
        return PushConsumer(
            target: target, epoch: epoch, cursor: cursor, lanes: lanes, knowsAllLanes: isComplete,
            parts: parts)
    }

    /// Only for a moment, when the shard has just gone to another node; for good, when the shards' epochs were set
    /// back, as by a restored backup of them alone.
    private func warnOvertaken(_ consumer: ID<Consumer>, _ epoch: Int64, by holder: Int64) {
        guard overtaken.updateValue(holder, forKey: consumer) != holder else { return }
        logger.warning(
            "a consumer's cursor is held under a newer epoch than the shard's; it gets nothing from here",
            ["consumer": "\(consumer)", "epoch": "\(epoch)", "holder": "\(holder)"])
    }

    // MARK: Upkeep

    /// Looks after what is loaded, once a second: settings that changed, leases that were lost, idle consumers.
    /// Runs until the task is cancelled.
    package func run() async throws {
        while true {
            try await loop.sleep(for: Self.refreshEvery)
            do {
                dropLost()
                dropIdle()
                pumpAll()
                observeLevels()
                reloadAll()
                try await reloadChanged()
            } catch let error as CancellationError {
                throw error
            } catch {
                logger.debug("consumers could not be refreshed", ["error": "\(error)"])
            }
        }
    }

    private func dropLost() {
        for (key, consumers) in bots {
            let epoch = parts.leases.epoch(of: key.shard)
            for (id, consumer) in consumers where consumer.epoch != epoch { end(consumer, id, of: key) }
        }
    }

    private func dropIdle() {
        // That a bot has no consumers is remembered for a while: else each of its updates would ask again.
        let forgetsEmpty = .now - lastForgetting > Self.idleTime
        if forgetsEmpty { lastForgetting = .now }
        for (key, consumers) in bots where forgetsEmpty || !consumers.isEmpty {
            let isIdle = consumers.values.allSatisfy { consumer in
                consumer.assumeIsolated { $0.isIdle && .now - $0.lastActive > Self.idleTime }
            }
            if isIdle { bots.removeValue(forKey: key) }
        }
    }

    /// What a full journal or budget has held back goes on from here: neither wakes anybody when it has room again.
    private func pumpAll() {
        for consumer in bots.values.flatMap(\.values) {
            consumer.assumeIsolated { if !$0.isIdle { $0.pump() } }
        }
    }

    private func observeLevels() {
        let backlog = parts.journal.assumeIsolated { $0.backlog }
        levels.observe(bots.values.lazy.flatMap(\.values), backlog: backlog)
    }

    /// What `reloadChanged` cannot see: consumers that are gone, and changes that were committed long after the
    /// `updated_at` they wrote.
    private func reloadAll() {
        guard .now - lastReload >= reloadEvery else { return }
        lastReload = .now
        reload(bots.keys)
    }

    private func reloadChanged() async throws {
        let from = lastRefresh - .seconds(3)
        let changed = try await database.system.withConnection { connection in
            let now = try await connection.value("SELECT now()", as: Timestamp.self)
            lastRefresh = now ?? lastRefresh
            return try await connection.all(
                """
                SELECT tenant_id, bot_id FROM consumer WHERE updated_at >= \(from)
                UNION SELECT tenant_id, bot_id FROM consumer_removal WHERE created_at >= \(from)
                UNION SELECT tenant_id, bot_id FROM consumer WHERE lanes_changed_at >= \(from)
                UNION SELECT tenant_id, id FROM bot WHERE updated_at >= \(from) AND id = ANY(\(bots.keys.map(\.bot)))
                UNION SELECT bot.tenant_id, bot.id FROM tenant JOIN bot ON bot.tenant_id = tenant.id
                WHERE tenant.updated_at >= \(from)
                """, as: BotKey.self)
        }
        reload(changed)
    }
}
