import Platform
import Synchronization

/// Which shards this node holds, for every loop to ask. A lease that could not be renewed in time is over here
/// before it is over in the database: a node that was frozen finds itself without.
package final class ShardLeases: Sendable {
    private struct Lease {
        let epoch: Int64
        let end: ContinuousClock.Instant
    }

    private let leases = Mutex<[Int: Lease]>([:])

    package init() {}

    /// The epoch under which this node holds `shard`; nil when it does not.
    func epoch(of shard: Int, at now: ContinuousClock.Instant = .now) -> Int64? {
        leases.withLock { leases in
            guard let lease = leases[shard], lease.end > now else { return nil }
            return lease.epoch
        }
    }

    /// - Returns: the shards that were not held, or under another epoch, before.
    func replace(_ held: [(shard: Int, epoch: Int64)], until end: ContinuousClock.Instant) -> Set<Int> {
        leases.withLock { leases in
            let fresh = held.filter { leases[$0.shard]?.epoch != $0.epoch }.map(\.shard)
            leases = Dictionary(
                uniqueKeysWithValues: held.map { ($0.shard, Lease(epoch: $0.epoch, end: end)) })
            return Set(fresh)
        }
    }

    package var held: Set<Int> { leases.withLock { Set($0.filter { $0.value.end > .now }.keys) } }

    package var count: Int { held.count }

    var holdsAll: Bool { leases.withLock { $0.values.count { $0.end > .now } } == Shard.count }
}

/// Deliveries are divided into shards by the bot.
package enum Shard {
    package static let count = 64
}
