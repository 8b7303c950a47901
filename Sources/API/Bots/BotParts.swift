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
    private let tunnel: BotTunnel?

    /// - Parameters:
    ///   - databases: one an event loop, in their order.
    ///   - url: the node's own, where Telegram's stand-in on the same machine reaches it.
    init(
        settings: Settings, runtime: Runtime, databases: [Database], box: SecretBox, access: AccessParts,
        url: String
    ) async throws {
        directory = BotDirectory(tenants: access.tenants)
        let address = PublicAddress(
            settings.publicURL ?? (settings.isTelegramLocal ? url : nil),
            isPollingWithout: settings.environment == .development)
        self.address = address
        let events = BotEvents(trail: access.trail, logger: runtime.logger)
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
        tunnel =
            settings.hasTunnel
            ? BotTunnel(
                settings.bots.tunnel, to: url, address: address, database: databases[0], client: clients[0],
                runtime: runtime) : nil
    }

    /// Runs until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            if let tunnel { group.addTask { await tunnel.run() } }
        }
    }

    /// Ends every call that is under way at Telegram.
    func close(_ runtime: Runtime) async {
        for (loop, client) in zip(runtime.loops, clients) { _ = try? await loop.run { client.close() } }
    }
}

extension Settings {
    /// Whether Telegram can reach this node only by a tunnel.
    fileprivate var hasTunnel: Bool { environment == .development && publicURL == nil && !isTelegramLocal }

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
