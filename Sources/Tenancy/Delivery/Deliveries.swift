import FoundationEssentials
import Platform

/// All event loops' deliveries: a bot's belong to one loop of the node that holds its shard, wherever its updates
/// come in.
package struct Deliveries: Sendable {
    /// The channel on which nodes tell each other of bots with news; the payload is `tenant/bot`, several
    /// separated by spaces. With `!` before it: the bot's consumers, or their delivery rows, have changed.
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
        for (index, (loop, delivery)) in loops.enumerated() {
            let share = LoopShare(index, of: loops.count)
            let keys = keys.filter(share.includes)
            guard !keys.isEmpty else { continue }
            loop.execute { delivery.assumeIsolated { $0.wake(keys) } }
        }
    }

    /// Those bots whose deliveries other nodes hold.
    func foreign(among keys: Set<BotKey>) -> Set<BotKey> {
        leases.holdsAll ? [] : keys.filter { leases.epoch(of: $0.shard) == nil }
    }

    /// What tells other nodes of their bots' news. In the transaction that appends, so that a node which dies
    /// after its commit has told them too.
    static func notices(of keys: Set<BotKey>) -> [SQL] {
        var rest = Array(keys)[...]
        var statements: [SQL] = []
        while !rest.isEmpty {
            let payload = rest.prefix(keysPerNotice).map(text).joined(separator: " ")
            rest = rest.dropFirst(keysPerNotice)
            statements.append("SELECT pg_notify(\(channel), \(payload))")
        }
        return statements
    }

    /// For the transaction that changes delivery rows or a consumer from outside: whoever delivers takes it over at
    /// its commit, not a second later. The rows' consumer needs its `lanes_changed_at`, which this alone is not.
    package static func changeNotice(of key: BotKey) -> SQL {
        "SELECT pg_notify(\(channel), \("!" + text(key)))"
    }

    /// Another node's notice.
    package func receive(_ payload: String) {
        let words = payload.split(separator: " ")
        let changed = held(words.lazy.filter { $0.hasPrefix("!") }.map { $0.dropFirst() })
        let news = held(words.lazy.filter { !$0.hasPrefix("!") })
        if !news.isEmpty { wake(news) }
        if !changed.isEmpty { reload(changed) }
    }

    private func held(_ words: some Sequence<Substring>) -> [BotKey] {
        words.compactMap(Self.key).filter { leases.epoch(of: $0.shard) != nil }
    }

    /// Has the deliveries of those bots that are this node's read their consumers again.
    package func reload(_ keys: some Collection<BotKey>) {
        for (index, (loop, delivery)) in loops.enumerated() {
            let share = LoopShare(index, of: loops.count)
            let keys = keys.filter(share.includes)
            guard !keys.isEmpty else { continue }
            loop.execute { delivery.assumeIsolated { $0.reload(keys) } }
        }
    }

    /// Ends what is delivered for a shard that is to be given back; returns when nothing of it is under way.
    package func leave(_ shard: Int, within patience: Duration? = nil) async {
        await loops[shard % loops.count].delivery.leave(shard, within: patience)
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
