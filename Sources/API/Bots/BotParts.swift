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
    private let runtime: Runtime
    private let clients: [HTTPClient]
    /// For polls, one an event loop: a poll is a request for most of the time, and there may be one for each bot.
    private let pollClients: [HTTPClient]
    private let polling: [BotAPIClient]
    /// For checks, on the first loop: many at once, which keep nobody's request waiting.
    private let checkClient: HTTPClient
    private let retirement: SecretRetirement
    private let guarded: HTTPClient
    private let alarms: BotAlarms
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
        let alarms = BotAlarms(
            database: databases[0], outbox: access.invitationMail.outbox, logger: runtime.logger)
        self.alarms = alarms
        let events = BotEvents(trail: access.trail, alarms: alarms, logger: runtime.logger)
        let holds = BotHolds()
        var clients: [HTTPClient] = []
        var pollClients: [HTTPClient] = []
        for loop in runtime.loops {
            // The operator says where Telegram is; nobody else does.
            clients.append(
                try await loop.run {
                    try HTTPClient(
                        loop: loop, addressGuard: AddressGuard(allowsPrivate: true),
                        userAgent: "Rookery/\(CommandLineFront.version)")
                })
            pollClients.append(
                try await loop.run {
                    try HTTPClient(
                        loop: loop, addressGuard: AddressGuard(allowsPrivate: true),
                        userAgent: "Rookery/\(CommandLineFront.version)", limits: .polls)
                })
        }
        polling = pollClients.map {
            BotAPIClient(client: $0, baseURL: settings.telegramAPIURL, holds: holds)
        }
        let telegram = clients.map {
            BotAPIClient(client: $0, baseURL: settings.telegramAPIURL, holds: holds)
        }
        let scheduler = SendScheduler(loop: runtime.loops[0], telegram: telegram[0])
        var connectors: [BotConnector] = []
        var commands: [AdminCommands] = []
        for (index, loop) in runtime.loops.enumerated() {
            connectors.append(
                BotConnector(
                    settings, loop: loop, database: databases[index], telegram: telegram[index], box: box,
                    address: address, events: events))
            commands.append(
                AdminCommands(
                    loop: loop, database: databases[index], secrets: BotSecrets(box: box),
                    telegram: telegram[index], scheduler: scheduler, logger: runtime.logger,
                    trail: access.trail))
        }
        self.connectors = connectors
        self.runtime = runtime
        self.commands = commands
        self.scheduler = scheduler
        let shares = TrafficShares(rowsPerSecond: Self.trafficRowsPerSecond, loops: runtime.loops.count)
        traffic = zip(runtime.loops, databases).map { loop, database in
            BotTraffic(
                loop: loop, database: database, metrics: runtime.metrics, logger: runtime.logger,
                shares: shares)
        }
        self.clients = clients
        self.pollClients = pollClients
        tunnel =
            settings.hasTunnel
            ? BotTunnel(
                settings.bots.tunnel, to: url, address: address, database: databases[0], client: clients[0],
                runtime: runtime) : nil
        retirement = SecretRetirement(
            loop: runtime.loops[0], database: databases[0], directory: directory,
            secrets: BotSecrets(box: box), events: events, logger: runtime.logger)
        // For addresses that tenants chose.
        let guarded = try await first.run {
            try HTTPClient(
                loop: first, addressGuard: AddressGuard(allowsPrivate: settings.allowsPrivateDestinations),
                userAgent: "Rookery/\(CommandLineFront.version)")
        }
        self.guarded = guarded
        let checkClient = try await first.run {
            try HTTPClient(
                loop: first, addressGuard: AddressGuard(allowsPrivate: true),
                userAgent: "Rookery/\(CommandLineFront.version)", limits: .checks)
        }
        self.checkClient = checkClient
        let checking = BotConnector(
            settings, loop: first, database: databases[0],
            telegram: BotAPIClient(client: checkClient, baseURL: settings.telegramAPIURL, holds: holds),
            box: box, address: address, events: events)
        let reconciler = Reconciler(
            connector: checking, probe: WebhookProbe(own: clients[0], custom: guarded),
            patience: settings.bots.hybridPatience, metrics: runtime.metrics, logger: runtime.logger)
        let importer = BotImporter(
            loop: runtime.loops[0], database: databases[0], connector: connectors[0], box: box,
            pace: settings.bots.onboardingPace, logger: runtime.logger)
        jobs = LeasedJobs(
            JobLease(.bots, node: node, database: databases[0]), loop: first, logger: runtime.logger,
            jobs: [{ await reconciler.run() }, { await importer.run() }])
    }

    /// What polls on one of the event loops.
    func pollers(
        on index: Int, runtime: Runtime, database: Database, leases: ShardLeases, appender: UpdateAppender
    ) -> Pollers {
        Pollers(
            loop: runtime.loops[index], share: LoopShare(index, of: runtime.loops.count), database: database,
            directory: directory, leases: leases, appender: appender,
            telegram: polling[index],
            connector: connectors[index], commands: commands[index], metrics: runtime.metrics,
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
    func close(_ runtime: Runtime) async {
        await scheduler.stop()
        let deadline = ContinuousClock.now + Self.lastWrite
        await withTaskGroup(of: Void.self) { group in
            for (loop, traffic) in zip(runtime.loops, traffic) {
                group.addTask(executorPreference: loop) { await traffic.flush(until: deadline) }
            }
        }
        _ = try? await runtime.loops[0].run {
            guarded.close()
            checkClient.close()
        }
        for clients in [clients, pollClients] {
            for (loop, client) in zip(runtime.loops, clients) { _ = try? await loop.run { client.close() } }
        }
    }
}

extension HTTPClientLimits {
    /// Each poll has a connection of its own where Telegram, or what stands in for it, has no HTTP/2. All are kept.
    fileprivate static var polls: HTTPClientLimits {
        var limits = HTTPClientLimits(
            concurrent: 32_768, concurrentPerOrigin: 32_768, queued: 32_768, idleConnections: 32_768)
        limits.readBuffer = 2048
        limits.sharesConnections = true
        return limits
    }

    /// All checks that may be under way go to one server.
    fileprivate static var checks: HTTPClientLimits {
        var limits = HTTPClientLimits(
            concurrentPerOrigin: Reconciler.mostAtOnce, idleConnections: Reconciler.mostAtOnce)
        limits.readBuffer = 4096
        limits.sharesConnections = true
        return limits
    }
}

extension BotConnector {
    init(
        _ settings: Settings, loop: EventLoop, database: Database, telegram: BotAPIClient, box: SecretBox,
        address: PublicAddress, events: BotEvents
    ) {
        self.init(
            loop: loop, database: database, telegram: telegram, secrets: BotSecrets(box: box),
            address: address, events: events,
            schedule: CheckSchedule(interval: settings.bots.reconcileInterval))
    }
}

extension Settings {
    /// Whether Telegram can reach this node only by a tunnel.
    var hasTunnel: Bool { environment == .development && publicURL == nil && !usesOwnAddress }

    /// Whether Telegram's stand-in is to reach the node at its own address, and not by a tunnel that was asked for.
    var usesOwnAddress: Bool { publicURL == nil && isTelegramLocal && bots.tunnel == nil }

    /// Whether Telegram is a stand-in on this machine, which reaches the node's own address.
    fileprivate var isTelegramLocal: Bool {
        guard environment == .development, let host = try? Origin(of: telegramAPIURL).host else {
            return false
        }
        guard let address = IPAddress(host) else {
            return host == "localhost" || host.hasSuffix(".localhost")
        }
        return address.isIPv4 ? address.bytes.first == 127 : address == IPAddress("::1")
    }
}
