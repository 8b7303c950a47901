import Auth
import Platform
import Tenancy

/// What keeps bots connected: once a node, with a connector on each event loop.
struct BotParts: Sendable {
    let directory: BotDirectory
    let address: PublicAddress
    /// One an event loop, in their order.
    let connectors: [BotConnector]
    private let clients: [HTTPClient]
    private let guarded: HTTPClient
    private let alarms: BotAlarms
    private let jobs: LeasedJobs

    /// - Parameters:
    ///   - databases: one an event loop, in their order.
    ///   - url: the node's own, where Telegram's stand-in on the same machine reaches it.
    init(
        settings: Settings, runtime: Runtime, databases: [Database], box: SecretBox, access: AccessParts,
        url: String, node: ID<Node>
    ) async throws {
        directory = BotDirectory(tenants: access.tenants)
        let address = PublicAddress(
            settings.publicURL ?? (settings.isTelegramLocal ? url : nil),
            isPollingWithout: settings.environment == .development)
        self.address = address
        let first = runtime.loops[0]
        let alarms = BotAlarms(
            database: databases[0], outbox: access.invitationMail.outbox, logger: runtime.logger)
        self.alarms = alarms
        let events = BotEvents(trail: access.trail, alarms: alarms, logger: runtime.logger)
        var connectors: [BotConnector] = []
        var clients: [HTTPClient] = []
        for (loop, database) in zip(runtime.loops, databases) {
            // The operator says where Telegram is; nobody else does.
            let client = try await loop.run {
                try HTTPClient(
                    loop: loop, addressGuard: AddressGuard(allowsPrivate: true),
                    userAgent: "Rookery/\(CommandLineFront.version)")
            }
            clients.append(client)
            connectors.append(
                BotConnector(
                    loop: loop, database: database,
                    telegram: BotAPIClient(client: client, baseURL: settings.telegramAPIURL),
                    secrets: BotSecrets(box: box), address: address, events: events,
                    schedule: CheckSchedule(interval: settings.bots.reconcileInterval)))
        }
        self.connectors = connectors
        self.clients = clients
        // For addresses that tenants chose.
        let guarded = try await first.run {
            try HTTPClient(
                loop: first, addressGuard: AddressGuard(allowsPrivate: settings.allowsPrivateDestinations),
                userAgent: "Rookery/\(CommandLineFront.version)")
        }
        self.guarded = guarded
        let reconciler = Reconciler(
            connector: connectors[0], probe: WebhookProbe(own: clients[0], custom: guarded),
            patience: settings.bots.hybridPatience, metrics: runtime.metrics, logger: runtime.logger)
        jobs = LeasedJobs(
            JobLease(.bots, node: node, database: databases[0]), loop: first, logger: runtime.logger,
            jobs: [{ await reconciler.run() }])
    }

    /// Runs until the task is cancelled. On the first loop.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await alarms.run() }
            group.addTask { await jobs.run() }
        }
    }

    /// Ends every call that is under way at Telegram.
    func close(_ runtime: Runtime) async {
        _ = try? await runtime.loops[0].run { guarded.close() }
        for (loop, client) in zip(runtime.loops, clients) { _ = try? await loop.run { client.close() } }
    }
}

extension Settings {
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
