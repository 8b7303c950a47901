import Platform
import TestSupport

@testable import Tenancy

/// What of a node has to do with shards: a keeper, and the connection on which it is told.
struct KeepingNode: Sendable {
    let id = ID<Node>()
    let leases = ShardLeases()
    let keeper: ShardKeeper
    /// What it was told, by its payload.
    let notices = Happenings<String>()
    private let listener: PostgresListener
    private let running: Task<Void, Never>

    /// - Parameter onLeaving: what is under way for a shard ends in here.
    init(
        _ fixture: Fixture, times: Node.Times = Node.Times(lease: .seconds(60), interval: .seconds(1)),
        onLeaving: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        let keeper = ShardKeeper(
            loop: fixture.loop, database: fixture.database, node: id, leases: leases, times: times,
            logger: fixture.logger, onTaken: { _ in }, onLeaving: onLeaving)
        self.keeper = keeper
        var configuration = try PostgresConfiguration(url: fixture.testDatabase.programURL())
        configuration.role = "rookery_system"
        listener = PostgresListener(
            loop: fixture.loop, configuration: configuration, channels: [ShardKeeper.channel],
            blocking: fixture.blocking, logger: fixture.logger,
            onNotification: { [notices] notice in
                notices.add(notice.payload)
                keeper.wake()
            }, onReconnect: { keeper.wake() })
        listener.start()
        running = Task(executorPreference: fixture.loop) { try? await keeper.run() }
    }

    /// As a node that gets SIGTERM.
    func end() async {
        await keeper.end(until: .now + .seconds(60))
        await die()
    }

    /// As one that is killed: nothing is given back.
    func die() async {
        running.cancel()
        await running.value
        listener.stop()
    }
}

extension Fixture {
    /// Until these hold all shards, each no more than its share.
    func balanced(_ nodes: KeepingNode..., within patience: Duration = .seconds(60)) async throws {
        let share = Node.share(among: nodes.count)
        try await eventually("\(nodes.count) nodes with at most \(share) shards each", within: patience) {
            let held = nodes.map(\.leases.held)
            return held.allSatisfy { $0.count <= share } && held.reduce(0) { $0 + $1.count } == Shard.count
        }
    }

    /// How many shards the table says are this node's.
    func shards(of node: KeepingNode) async throws -> Int {
        try await count("SELECT count(*) FROM shard WHERE node_id = \(node.id) AND expires_at > now()")
    }
}
