import Auth
import Platform
import Tenancy

/// One running node, put together: the only composition root. Tests start the same one.
///
/// Each event loop has its own server socket, database pools, HTTP client, appender and delivery; what spans them
/// (the bot directory, leases, partitions) runs on the first.
final class App: Sendable {
    let url: String
    let adminURL: String
    let bots: BotParts
    private let consumers: ConsumerParts
    var directory: BotDirectory { bots.directory }
    /// What is served, on both addresses.
    let routes: [HTTPRoute]
    /// Those of the routes that say who may.
    let api: [Route]

    private let settings: Settings
    private let runtime: Runtime
    let parts: [LoopParts]
    private let adminServer: HTTPServer
    private let leases = ShardLeases()
    private let deliveries: Deliveries
    private let pulls: PullWaiters
    private let keeper: ShardKeeper
    let access: AccessParts
    private let refresh: BotDirectoryRefresh
    private let partitions: LogPartitions
    private let listener: PostgresListener
    private let draining: DrainingFlag

    /// What belongs to one event loop.
    struct LoopParts: Sendable {
        let loop: EventLoop
        let database: Database
        let client: HTTPClient
        let delivery: Delivery
        let pollers: Pollers
        let server: HTTPServer
    }

    /// Binds the addresses and makes everything; nothing runs before `start`.
    /// - Parameter node: of no other running node. One that is known from an earlier life goes on with its leases.
    init(settings: Settings, runtime: Runtime, node: ID<Node> = ID()) async throws {
        self.settings = settings
        self.runtime = runtime
        let (logger, metrics, first) = (runtime.logger, runtime.metrics, runtime.loops[0])
        let box = SecretBox(keyRing: settings.masterKey)
        let listener = try HTTPListener(endpoint: settings.listen)
        let adminListener = try HTTPListener(endpoint: settings.adminListen)
        url = Endpoint(host: settings.listen.host, port: UInt16(listener.port)).localURL
        adminURL = Endpoint(host: settings.adminListen.host, port: UInt16(adminListener.port)).localURL
        let draining = DrainingFlag()
        self.draining = draining

        let leases = leases
        let databases = try runtime.loops.map { try DatabasePools.make(settings, loop: $0, runtime: runtime) }
        let clients = try await Self.clients(settings, runtime)
        let health = Health(loops: runtime.loops.count, metrics: metrics)
        let schemaVersion = try Schema.newestVersion()
        let access = try AccessParts(
            settings: settings, runtime: runtime, database: databases[0], box: box, url: url)
        self.access = access
        let bots = try await BotParts(
            settings: settings, runtime: runtime, databases: databases, box: box, access: access, url: url,
            node: node)
        self.bots = bots
        consumers = ConsumerParts(
            settings: settings, runtime: runtime, database: databases[0], leases: leases, node: node,
            events: bots.consumerEvents)
        let directory = bots.directory
        let loops = runtime.loops.enumerated().map { index, loop in
            (
                loop: loop,
                delivery: Delivery(
                    loop: loop, share: LoopShare(index, of: runtime.loops.count), database: databases[index],
                    secrets: ConsumerSecrets(box: box), leases: leases, client: clients[index],
                    metrics: metrics, logger: logger, traffic: bots.traffic[index],
                    calls: bots.calls[index], events: bots.consumerEvents)
            )
        }
        let deliveries = Deliveries(loops, leases: leases)
        self.deliveries = deliveries
        let pulls = PullWaiters(pulled: directory.pulled, leases: leases, metrics: metrics)
        self.pulls = pulls
        let turns = AppendTurns()
        let partitions = LogPartitions(database: databases[0], loop: first, logger: logger)
        self.partitions = partitions
        var parts: [LoopParts] = []
        var routes: [HTTPRoute] = []
        var api: [Route] = []
        for (index, loop) in runtime.loops.enumerated() {
            let database = databases[index]
            let gate = access.gate(loop, database)
            let appender = UpdateAppender(
                loop: loop, database: database, turns: turns, metrics: metrics, deliveries: deliveries,
                pulls: pulls, partitions: partitions, traffic: bots.traffic[index])
            let table =
                Routes(
                    health: health,
                    readiness: Readiness(
                        database: database, directory: directory, credentials: access.credentials,
                        draining: draining, schemaVersion: schemaVersion),
                    webhook: TelegramWebhook(
                        directory: directory, appender: appender, traffic: bots.traffic[index],
                        commands: bots.commands[index], checksAddress: settings.checksTelegramAddress),
                    gate: gate, invitationMail: access.invitationMail,
                    jsonWebKeys: JSONWebKeys(credentials: access.credentials),
                    people: access.people(database), connector: bots.connectors[index],
                    onboarding: settings.bots.onboardingPace, pulls: pulls,
                    isDevelopment: settings.environment == .development,
                    destinations: DestinationRule(addressGuard: settings.destinations),
                    tester: ConsumerTester(client: clients[index], logger: logger)
                )
            routes = try table.all
            api = table.api
            let router = HTTPRouter(routes)
            parts.append(
                LoopParts(
                    loop: loop, database: database, client: clients[index], delivery: loops[index].delivery,
                    pollers: bots.pollers(
                        on: index, database: database, leases: leases, appender: appender),
                    server: HTTPServer(
                        loop: loop, socket: try listener.socket(), trustedProxies: settings.trustedProxies,
                        unlimitedAddresses: TelegramNetwork.ranges, logger: logger, metrics: metrics,
                        checkHead: router.checkHead,
                        respond: Responder(router: router, logger: logger, gate: gate).respond)))
        }
        self.parts = parts
        self.api = api
        let page = MetricsPage(
            metrics: metrics, directory: directory, leases: leases, blocking: runtime.blocking)
        let adminRoutes = AdminRoutes(metrics: page).all
        self.routes = routes + adminRoutes
        adminServer = HTTPServer(
            loop: first, socket: try adminListener.socket(), logger: logger, metrics: Metrics(),
            respond: Responder(router: HTTPRouter(adminRoutes), logger: logger).respond)
        refresh = BotDirectoryRefresh(
            loop: first, database: databases[0], directory: directory, secrets: BotSecrets(box: box),
            logger: logger)
        let sweep = DeliverySweep(database: databases[0], logger: logger)
        let sweepShards: @Sendable (Set<Int>) -> Void = { shards in
            // Ends by itself; the shards' consumers are woken as they are found.
            Task(executorPreference: first) {
                await sweep.run(shards, leases: leases, into: deliveries, on: first)
            }
        }
        let keeper = ShardKeeper(
            loop: first, database: databases[0], node: node, leases: leases, logger: logger,
            onTaken: sweepShards,
            onLeaving: { [parts, draining] shard in
                async let polled: Void = parts[shard % parts.count].pollers.leave(shard)
                // One endpoint that hangs must not keep its shard's other bots waiting, unless the program ends: then
                // it alone uses the time that there is.
                await deliveries.leave(shard, within: draining.isRaised ? nil : .seconds(3))
                await polled
            })
        self.keeper = keeper
        self.listener = try Self.listener(settings, runtime, refresh, deliveries, pulls, access, keeper) {
            sweepShards(leases.held)
        }
    }

    private static func clients(_ settings: Settings, _ runtime: Runtime) async throws -> [HTTPClient] {
        var clients: [HTTPClient] = []
        for loop in runtime.loops {
            clients.append(
                try await loop.run {
                    try HTTPClient(
                        loop: loop,
                        addressGuard: settings.destinations,
                        userAgent: "Rookery/\(CommandLineFront.version)")
                })
        }
        return clients
    }

    private static func listener(
        _ settings: Settings, _ runtime: Runtime, _ refresh: BotDirectoryRefresh, _ deliveries: Deliveries,
        _ pulls: PullWaiters, _ access: AccessParts, _ keeper: ShardKeeper,
        sweep: @escaping @Sendable () -> Void
    ) throws -> PostgresListener {
        PostgresListener(
            loop: runtime.loops[0],
            configuration: try DatabasePools.configuration(settings, name: "rookery-listen"),
            channels: [
                BotDirectoryRefresh.channel, Deliveries.channel, PullWaiters.channel, Revocation.channel,
                ShardKeeper.channel,
            ],
            blocking: runtime.blocking,
            logger: runtime.logger
        ) { notification in
            switch notification.channel {
            case Deliveries.channel: deliveries.receive(notification.payload)
            case PullWaiters.channel: pulls.receive(notification.payload)
            case Revocation.channel: access.wake()
            case ShardKeeper.channel: keeper.wake()
            default: refresh.wake()
            }
        } onReconnect: {
            refresh.wake()
            access.wake()
            keeper.wake()
            pulls.wakeAll()
            // Other nodes' notices may have come while nobody listened.
            sweep()
        }
    }

    // MARK: Life

    /// Begins to serve. The database may be away: until it is there, requests get 503.
    func start() async throws {
        listener.start()
        for part in parts { try await part.server.start() }
        try await adminServer.start()
    }

    /// Serves until `shutdown`, then ends in order: no new connections, requests under way answered, deliveries
    /// finished, cursors written, leases given back.
    func run(until shutdown: ShutdownSignal) async {
        await withTaskGroup(of: Void.self) { group in
            let first = parts[0].loop
            group.addTask(executorPreference: first) { try? await self.refresh.run() }
            group.addTask(executorPreference: first) { try? await self.keeper.run() }
            group.addTask(executorPreference: first) { await self.access.run() }
            group.addTask(executorPreference: first) { try? await self.partitions.run() }
            group.addTask(executorPreference: first) { await self.bots.run() }
            group.addTask(executorPreference: first) { await self.consumers.run() }
            for part in parts {
                group.addTask(executorPreference: part.loop) { try? await part.delivery.run() }
                group.addTask(executorPreference: part.loop) { try? await part.pollers.run() }
            }
            await shutdown.wait()
            await stop()
            group.cancelAll()
        }
        access.stop()
        await keeper.release()
        await bots.close()
        for part in parts {
            await part.database.close()
            _ = try? await part.loop.run { part.client.close() }
        }
    }

    private func stop() async {
        draining.raise()
        pulls.drain()
        let deadline = ContinuousClock.now + settings.shutdownTime
        // What is under way at the deadline is cut off: it ends as not delivered.
        let cutOff = Task(executorPreference: parts[0].loop) { [parts] in
            try await parts[0].loop.sleep(until: deadline)
            for part in parts { part.loop.execute { part.client.close() } }
        }
        await withTaskGroup(of: Void.self) { group in
            for part in parts {
                group.addTask { await part.server.drain(until: deadline) }
                group.addTask { await part.pollers.stop() }
            }
            // Other nodes go on with what this one has nothing under way for.
            group.addTask { await self.keeper.end(until: deadline) }
        }
        await deliveries.stop()
        cutOff.cancel()
        for part in parts { await part.server.stop() }
        await adminServer.stop()
        listener.stop()
    }
}
