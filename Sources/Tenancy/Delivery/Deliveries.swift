import FoundationEssentials
import Platform

/// All event loops' deliveries: a bot's belong to one loop of the node that holds its shard, wherever its updates
/// come in.
package struct Deliveries: Sendable {
    /// The channel on which nodes tell each other of bots with news; the payload is `tenant/bot`, several
    /// separated by spaces.
    package static let channel = "rookery_log"
    /// PostgreSQL takes payloads below 8000 bytes.
    private static let keysPerNotice = 90

    private let loops: [(loop: EventLoop, delivery: Delivery)]
    private let leases: ShardLeases

    package init(_ loops: [(loop: EventLoop, delivery: Delivery)], leases: ShardLeases) {
        self.loops = loops
        self.leases = leases
    }

    /// Wakes the deliveries of those bots that are this node's.
    package func wake(_ keys: some Collection<BotKey>) {
        for (index, keys) in Dictionary(grouping: keys, by: { $0.shard % loops.count }) {
            let (loop, delivery) = loops[index]
            loop.execute { delivery.assumeIsolated { $0.wake(keys) } }
        }
    }

    /// The log has news for `keys`: wakes the deliveries here and tells other nodes of theirs.
    /// Must be called on `database`'s loop.
    package func announce(_ keys: Set<BotKey>, through database: Database, on loop: EventLoop) {
        wake(keys)
        guard !leases.holdsAll else { return }
        let foreign = keys.filter { leases.epoch(of: $0.shard) == nil }
        guard !foreign.isEmpty else { return }
        // Nobody waits for it: a notice that is lost is made up for by the next, or by the sweep of a new owner.
        Task(executorPreference: loop) {
            var rest = Array(foreign)[...]
            while !rest.isEmpty {
                let payload = rest.prefix(Self.keysPerNotice).map(Self.text).joined(separator: " ")
                rest = rest.dropFirst(Self.keysPerNotice)
                _ = try? await database.system.withConnection { connection in
                    try await connection.execute("SELECT pg_notify(\(Self.channel), \(payload))")
                }
            }
        }
    }

    /// Another node's notice.
    package func receive(_ payload: String) {
        wake(payload.split(separator: " ").compactMap(Self.key).filter { leases.epoch(of: $0.shard) != nil })
    }

    /// Reads the settings of a bot's consumers again, where they are delivered from.
    package func reload(_ key: BotKey) {
        let (loop, delivery) = loops[key.shard % loops.count]
        loop.execute { delivery.assumeIsolated { $0.reload([key]) } }
    }

    package func stop() async {
        await withTaskGroup(of: Void.self) { group in
            for (_, delivery) in loops { group.addTask { await delivery.stop() } }
        }
    }

    private static func text(_ key: BotKey) -> String { "\(key.tenant.uuid)/\(key.bot.uuid)" }

    private static func key(_ text: Substring) -> BotKey? {
        let parts = text.split(separator: "/").compactMap { UUID(uuidString: String($0)) }
        return parts.count == 2 ? BotKey(tenant: ID(parts[0]), bot: ID(parts[1])) : nil
    }
}
