import Auth
import Platform
import Tenancy

/// What keeps bots connected: once a node, with a connector on each event loop.
struct BotParts: Sendable {
    let directory: BotDirectory
    let address: PublicAddress
    /// One an event loop, in their order.
    let connectors: [BotConnector]
    /// Likewise.
    let traffic: [BotTraffic]
    /// Likewise.
    let commands: [AdminCommands]
    /// For what bots send of themselves.
    let scheduler: SendScheduler
    /// What consumers' answers make bots do; one an event loop, in their order.
    let calls: [BotCalls]
    /// Tells owners and the audit trail what the platform does to consumers.
    let consumerEvents: ConsumerEvents
    private let runtime: Runtime
    private let clients: TelegramClients
    private let retirement: SecretRetirement
    private let alarms: OwnerAlarms
    private let jobs: LeasedJobs
    private let tunnel: BotTunnel?

    /// Rows of `bot_hour` that a node writes.
    private static let trafficRowsPerSecond = 500
    /// What writing them down may take at the end.
    private static let lastWrite = Duration.seconds(3)

    /// - Parameters:
    ///   - databases: one an event loop, in their order.
    ///   - url: the node's own, where Telegram's stand-in on the same machine reaches it.
    init(
        settings: Settings, runtime: Runtime, databases: [Database], box: SecretBox, access: AccessParts,
        url: String, node: ID<Node>
    ) async throws {
        directory = BotDirectory(tenants: access.tenants)
        let address = PublicAddress(
            settings.publicURL ?? (settings.usesOwnAddress ? url : nil),
            isPollingWithout: settings.environment == .development, isOwn: settings.usesOwnAddress)
        self.address = address
        let first = runtime.loops[0]
        let alarms = OwnerAlarms(
            database: databases[0], outbox: access.invitationMail.outbox, logger: runtime.logger)
        self.alarms = alarms
        let events = BotEvents(trail: access.trail, alarms: alarms, logger: runtime.logger)
        let clients = try await TelegramClients(settings: settings, runtime: runtime)
        self.clients = clients
        let scheduler = SendScheduler(loop: first, telegram: clients.calls[0])
        // A stand-in has no such limit, and many bots are connected at once to try things out.
        let onboarding =
            settings.environment == .development
            ? nil : OnboardingWindow(limit: settings.bots.onboardingPerMinute * 6 / 5)
        var connectors: [BotConnector] = []
        var commands: [AdminCommands] = []
        for (index, loop) in runtime.loops.enumerated() {
            connectors.append(
                BotConnector(
                    settings, loop: loop, database: databases[index], telegram: clients.calls[index],
                    box: box,
                    address: address, events: events, onboarding: onboarding))
            commands.append(
                AdminCommands(
                    loop: loop, database: databases[index], secrets: BotSecrets(box: box),
                    telegram: clients.calls[index], scheduler: scheduler, logger: runtime.logger,
                    trail: access.trail))
        }
        self.connectors = connectors
        self.runtime = runtime
        self.commands = commands
        self.scheduler = scheduler
        calls = clients.replies.map {
            BotCalls(scheduler: scheduler, telegram: $0, secrets: BotSecrets(box: box))
        }
        consumerEvents = ConsumerEvents(trail: access.trail, alarms: alarms, logger: runtime.logger)
        let shares = TrafficShares(rowsPerSecond: Self.trafficRowsPerSecond, loops: runtime.loops.count)
        traffic = zip(runtime.loops, databases).map { loop, database in
            BotTraffic(
                loop: loop, database: database, metrics: runtime.metrics, logger: runtime.logger,
                shares: shares)
        }
        tunnel =
            settings.hasTunnel
            ? BotTunnel(
                settings.bots.tunnel, to: url, address: address, database: databases[0],
                client: clients.first,
                runtime: runtime) : nil
        retirement = SecretRetirement(
            loop: first, database: databases[0], directory: directory,
            secrets: BotSecrets(box: box), events: events, logger: runtime.logger)
        let checking = BotConnector(
            settings, loop: first, database: databases[0], telegram: clients.checks, box: box,
            address: address, events: events)
        let reconciler = Reconciler(
            connector: checking, probe: clients.probe, patience: settings.bots.hybridPatience,
            metrics: runtime.metrics, logger: runtime.logger)
        let importer = BotImporter(
            loop: first, database: databases[0], connector: connectors[0], box: box,
            pace: settings.bots.onboardingPace, logger: runtime.logger)
        jobs = LeasedJobs(
            JobLease(.bots, node: node, database: databases[0]), loop: first, logger: runtime.logger,
            jobs: [{ await reconciler.run() }, { await importer.run() }])
    }

    /// What polls on one of the event loops.
    func pollers(
        on index: Int, database: Database, leases: ShardLeases, appender: UpdateAppender
    ) -> Pollers {
        Pollers(
            loop: runtime.loops[index], share: LoopShare(index, of: runtime.loops.count), database: database,
            directory: directory, leases: leases, appender: appender,
            telegram: clients.polls[index], connector: connectors[index], commands: commands[index],
            metrics: runtime.metrics,
            logger: runtime.logger)
    }

    /// Runs until the task is cancelled. On the first loop.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await retirement.run() }
            if let tunnel { group.addTask { await tunnel.run() } }
            for (loop, traffic) in zip(runtime.loops, traffic) {
                group.addTask(executorPreference: loop) { try? await traffic.run() }
            }
            group.addTask { await alarms.run() }
            group.addTask(executorPreference: runtime.loops[0]) { await jobs.run() }
        }
    }

    /// Ends every call that is under way at Telegram, and writes down what has been counted.
    func close() async {
        await scheduler.stop()
        let deadline = ContinuousClock.now + Self.lastWrite
        await withTaskGroup(of: Void.self) { group in
            for (loop, traffic) in zip(runtime.loops, traffic) {
                group.addTask(executorPreference: loop) { await traffic.flush(until: deadline) }
            }
        }
        await clients.close()
    }
}

extension BotConnector {
    init(
        _ settings: Settings, loop: EventLoop, database: Database, telegram: BotAPIClient, box: SecretBox,
        address: PublicAddress, events: BotEvents, onboarding: OnboardingWindow? = nil
    ) {
        self.init(
            loop: loop, database: database, telegram: telegram, secrets: BotSecrets(box: box),
            address: address, events: events,
            schedule: CheckSchedule(interval: settings.bots.reconcileInterval), onboarding: onboarding)
    }
}
