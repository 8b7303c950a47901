import Platform

/// Takes and keeps shards for this node: its share of them, renewed well before their leases run out.
///
/// Once every `interval`, and at once when another node has something to tell, one transaction says that this node
/// lives, renews what it holds, and takes of what nobody holds as much as it may: no more than the 64 shards divided
/// by the nodes that live. So a shard goes
///
///     free ──taken──▶ held ──surplus, or the node ends──▶ leaving ──nothing under way──▶ given back (others are told)
///                       └──not renewed in time (killed, frozen, no database)──▶ free
///
/// While a shard is leaving it is still renewed, so that nobody else begins with it, but nothing new begins here.
/// A node with more than its share lets a few go at a time; one that ends, all at once.
package actor ShardKeeper {
    /// On which nodes are told that one has come, or that shards are free.
    package static let channel = "rookery_nodes"
    private static let leavingAtOnce = 8
    /// However often somebody wakes it.
    private static let shortestPause = Duration.milliseconds(50)

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private let node: ID<Node>
    private let leases: ShardLeases
    private let times: Node.Times
    private let logger: Logger
    private let onTaken: @Sendable (Set<Int>) -> Void
    private let onLeaving: @Sendable (Int) async -> Void
    private let news = WakeUp()
    private let end = WakeUp()
    private var leaving: Set<HeldShard> = []
    /// Of those leaving: nothing of them is under way any more.
    private var left: Set<HeldShard> = []
    private var hasJoined = false
    /// The others know that this node ends.
    private var hasLeft = false
    private var isEnding = false
    private var isEnded = false

    /// - Parameters:
    ///   - onTaken: told which shards have newly become this node's.
    ///   - onLeaving: ends what is under way for a shard, and returns when nothing is.
    package init(
        loop: EventLoop, database: Database, node: ID<Node>, leases: ShardLeases,
        times: Node.Times = Node.Times(), logger: Logger, onTaken: @escaping @Sendable (Set<Int>) -> Void,
        onLeaving: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
        self.node = node
        self.leases = leases
        self.times = times
        self.logger = logger
        self.onTaken = onTaken
        self.onLeaving = onLeaving
    }

    // MARK: Life

    /// Another node has come or gone, or given shards back. From any thread.
    package nonisolated func wake() { news.wake() }

    /// Runs until the task is cancelled, or everything is given back after `end`.
    package func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while !isEnded {
                do {
                    let held = try await look()
                    for shard in letGo(of: held) { group.addTask { await self.leave(shard) } }
                } catch let error as CancellationError {
                    throw error
                } catch {
                    logger.debug("shard leases could not be renewed", ["error": "\(error)"])
                    // Without the database nothing can be given back.
                    if isEnding { finish() }
                }
                try await loop.sleep(for: Self.shortestPause)
                if !isEnded { try await news.pause(atMost: times.interval, on: loop) }
            }
        }
    }

    /// Gives every shard back as soon as nothing of it is under way, so that other nodes go on with it at once.
    /// Returns when all are given back, at `deadline`, or when the database does not answer.
    package func end(until deadline: ContinuousClock.Instant) async {
        isEnding = true
        news.wake()
        let time = deadline - .now
        if !isEnded, time > .zero { try? await end.pause(atMost: time, on: loop) }
    }

    /// Gives back whatever is left. Call when deliveries have stopped and the cursors are written.
    package func release() async {
        _ = leases.replace([], until: .now)
        do {
            try await database.writeUpkeep { [node] tx in
                try await Node.unregister(node, in: tx)
                let count = try await tx.execute(
                    """
                    UPDATE shard SET node_id = NULL, expires_at = '-infinity' WHERE node_id = \(node)
                    """)
                if count > 0 { try await Node.tellAll(in: tx) }
            }
        } catch {
            logger.warning(
                "shard leases could not be given back; they run out by themselves", ["error": "\(error)"])
        }
    }

    private func finish() {
        isEnded = true
        end.wake()
    }

    // MARK: Steps

    /// What is held now, and how many of them are more than this node's share.
    private struct Holding {
        let shards: [HeldShard]
        let surplus: Int
    }

    private func look() async throws -> Holding {
        // Counted from before the question, so that this node's idea of the end is never later than the database's.
        let leaseEnd = ContinuousClock.now + times.lease
        let (given, isEnding) = (Array(left), isEnding)
        // Not on every look: this node is told, too, and would look again at once.
        let hasNews = !given.isEmpty || !hasJoined || (isEnding && !hasLeft)
        let holding = try await database.writeUpkeep { [node, times] tx in
            try await tx.endWhenFrozen()
            if !isEnding { try await Node.register(node, for: times.lease, in: tx) }
            try await Node.unregister(isEnding ? node : nil, in: tx)
            if !given.isEmpty { try await HeldShard.giveBack(given, of: node, in: tx) }
            if hasNews { try await Node.tellAll(in: tx) }
            let share = isEnding ? 0 : Node.share(among: try await Node.count(in: tx))
            let shards = try await HeldShard.hold(upTo: share, for: node, time: times.lease, in: tx)
            return Holding(shards: shards, surplus: shards.count - share)
        }
        hasJoined = true
        hasLeft = isEnding
        left.subtract(given)
        leaving.subtract(given)
        take(holding.shards, until: leaseEnd)
        if !given.isEmpty {
            logger.info("shards given back", ["count": given.count, "held": holding.shards.count])
        }
        if isEnding, holding.shards.isEmpty { finish() }
        return holding
    }

    private func take(_ shards: [HeldShard], until leaseEnd: ContinuousClock.Instant) {
        let fresh = leases.replace(shards.map { ($0.shard, $0.epoch) }, until: leaseEnd)
        guard !fresh.isEmpty else { return }
        logger.info("shards taken", ["count": fresh.count, "held": shards.count])
        onTaken(fresh)
    }

    /// - Returns: the shards that begin to leave.
    private func letGo(of held: Holding) -> [HeldShard] {
        let limit = isEnding ? Shard.count : Self.leavingAtOnce
        let staying = held.shards.filter { !leaving.contains($0) }
        let count = min(held.surplus, limit) - (held.shards.count - staying.count)
        guard count > 0 else { return [] }
        let going = Array(staying.shuffled().prefix(count))
        leases.leave(going.map(\.shard))
        leaving.formUnion(going)
        return going
    }

    private func leave(_ shard: HeldShard) async {
        await onLeaving(shard.shard)
        left.insert(shard)
        news.wake()
    }
}
