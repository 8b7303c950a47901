import Platform
import Synchronization

/// Which shards this node holds, for every loop to ask. A lease that could not be renewed in time is over here
/// before it is over in the database: a node that was frozen finds itself without.
package final class ShardLeases: Sendable {
    private struct Lease {
        let epoch: Int64
        let end: ContinuousClock.Instant
        /// To be given back as soon as what is under way has ended: nothing new begins.
        var isLeaving = false
    }

    private let leases = Mutex<[Int: Lease]>([:])

    package init() {}

    /// The epoch under which this node works for `shard`; nil when it does not, or is about to give it back.
    func epoch(of shard: Int, at now: ContinuousClock.Instant = .now) -> Int64? {
        leases.withLock { leases in
            guard let lease = leases[shard], lease.end > now, !lease.isLeaving else { return nil }
            return lease.epoch
        }
    }

    /// Takes over what the database says is held. What is leaving stays so, unless it has come back under a new
    /// epoch.
    /// - Returns: the shards that were not held, or under another epoch, before.
    func replace(_ held: [(shard: Int, epoch: Int64)], until end: ContinuousClock.Instant) -> Set<Int> {
        leases.withLock { leases in
            let fresh = held.filter { leases[$0.shard]?.epoch != $0.epoch }.map(\.shard)
            leases = Dictionary(
                uniqueKeysWithValues: held.map { shard, epoch in
                    let known = leases[shard]
                    let isLeaving = known?.epoch == epoch && known?.isLeaving == true
                    return (shard, Lease(epoch: epoch, end: end, isLeaving: isLeaving))
                })
            return Set(fresh)
        }
    }

    /// From now on nothing new begins for these.
    func leave(_ shards: some Sequence<Int>) {
        leases.withLock { leases in for shard in shards { leases[shard]?.isLeaving = true } }
    }

    /// Whether the lease still runs, be it that nothing new begins under it.
    func keepsOthersOut(of shard: Int) -> Bool {
        leases.withLock { leases in leases[shard].map { $0.end > .now } ?? false }
    }

    package var held: Set<Int> {
        leases.withLock { leases in
            Set(leases.filter { $0.value.end > .now && !$0.value.isLeaving }.keys)
        }
    }

    package var count: Int { held.count }

    var holdsAll: Bool {
        leases.withLock { $0.values.count { $0.end > .now && !$0.isLeaving } } == Shard.count
    }
}

/// Deliveries are divided into shards by the bot.
package enum Shard {
    package static let count = 64
}
