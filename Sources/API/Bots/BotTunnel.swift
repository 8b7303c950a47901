import Glibc
import Platform
import Tenancy

/// Where Telegram reaches a node in development: by a tunnel. Bots' webhooks follow its address.
struct BotTunnel: Sendable {
    private let keeper: TunnelKeeper

    /// - Parameters:
    ///   - program: started when no tunnel of its kind runs; nil: one that runs is used.
    ///   - url: the node's own.
    ///   - client: of the first event loop; may reach loopback.
    init?(
        _ program: TunnelProgram?, to url: String, address: PublicAddress, database: Database,
        client: HTTPClient,
        runtime: Runtime
    ) {
        guard let port = url.split(separator: ":").last.flatMap({ UInt16($0) }) else { return nil }
        keeper = TunnelKeeper(
            port: port, program: program, path: getenv("PATH").map { String(cString: $0) } ?? "",
            search: TunnelSearch(client: client), loop: runtime.loops[0], blocking: runtime.blocking,
            logger: runtime.logger
        ) { found in
            let known = address.url
            address.set(found)
            do {
                try await Webhook.expediteAll(in: database)
            } catch {
                address.set(known)
                throw error
            }
        }
    }

    /// Runs until the task is cancelled. On the first event loop.
    func run() async { await keeper.run() }
}
