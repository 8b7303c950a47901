import Platform
import TestSupport

@testable import Tenancy

/// A bot with a pull consumer, and pullers of it.
struct PullRun: Sendable {
    let fixture: Fixture
    let bot: Bot
    let consumer: ID<Consumer>
    let leases: ShardLeases
    let waiters: PullWaiters
    let appender: UpdateAppender

    /// - Parameter isAlone: whether the node holds every shard, and so tells no other; else it holds one.
    init(
        _ fixture: Fixture, kinds: [String]? = nil, ordering: Consumer.Ordering = .lane,
        visibility: Duration = .seconds(600), isAlone: Bool = true, bounds: PullWaiters.Bounds = .init()
    ) async throws {
        self.fixture = fixture
        bot = try await fixture.bot(in: fixture.tenant())
        consumer = try await fixture.pullConsumer(
            of: bot, kinds: kinds, ordering: ordering, visibility: visibility)
        leases = ShardLeases()
        let shards = isAlone ? Array(0..<Shard.count) : [bot.key.shard]
        _ = leases.replace(shards.map { ($0, 1) }, until: .now + .seconds(3600))
        let pulled = PulledBots()
        try await pulled.refresh(isFull: true, in: fixture.database)
        waiters = PullWaiters(pulled: pulled, leases: leases, metrics: fixture.metrics, bounds: bounds)
        appender = UpdateAppender(
            loop: fixture.loop, database: fixture.database, turns: AppendTurns(), metrics: fixture.metrics,
            deliveries: Deliveries([], leases: leases), pulls: waiters)
        try await grow()
    }

    /// Makes the consumer so old that every node knows of it.
    private func grow() async throws {
        _ = try await fixture.superuser.withConnection { connection in
            try await connection.execute(
                "UPDATE consumer SET created_at = created_at - interval '1 hour' WHERE id = \(consumer)")
        }
    }

    func append(_ updates: [NewUpdate]) async throws { _ = try await appender.append(contentsOf: updates) }

    /// Messages with these numbers in these chats.
    func append(_ messages: [(id: Int64, chat: Int64)]) async throws {
        try await append(messages.map { try fixture.message($0.id, chat: $0.chat, to: bot) })
    }

    func query(_ id: Int64, user: Int64 = 1) throws -> NewUpdate {
        try fixture.update(
            #"{"update_id":\#(id),"callback_query":{"id":"1","from":{"id":\#(user),"is_bot":false,"first_name":"A"},"chat_instance":"1"}}"#,
            to: bot)
    }

    func pull(_ limit: Int = 50, for time: Duration = .zero) async throws -> PullOutcome {
        let look = PullLook(consumer, limit: limit)
        return try await waiters.pull(consumer, of: bot.tenant, for: time, on: fixture.loop) { wait in
            try await look.run(in: fixture.database, of: bot.tenant, wait: wait)
        }
    }

    func pulled(_ limit: Int = 50) async throws -> [Int64] {
        try await pull(limit).updates.map(\.updateID)
    }

    @discardableResult
    func acknowledge(_ extent: PullAcknowledgement.Extent) async throws -> Int {
        let outcome = try await fixture.database.write(bot.tenant) { tx in
            try await PullAcknowledgement(consumer, extent).run(telling: waiters, in: tx)
        }
        waiters.wake([outcome.bot], isFreed: true)
        return outcome.count
    }

    /// Lets what is out become visible.
    func letTimePass() async throws {
        try await change("UPDATE pull_handout SET visible_at = clock_timestamp() - interval '1 second'")
    }

    func change(_ sql: SQL) async throws {
        _ = try await fixture.superuser.withConnection { try await $0.execute(sql) }
    }

    struct Cursor: RowDecodable, Equatable {
        let position: Int64
        let settled: [Int64]
        init(row: inout Row) throws {
            position = try row.next()
            settled = try row.next()
        }
    }

    func cursor(express: Bool = false) async throws -> Cursor? {
        let columns: SQL = express ? "express_position, express_settled" : "position, settled"
        return try await fixture.superuser.withConnection { connection in
            try await connection.first(
                "SELECT \(columns) FROM consumer_cursor WHERE consumer_id = \(consumer)", as: Cursor.self)
        }
    }

    func count(_ sql: SQL) async throws -> Int64 {
        try await fixture.superuser.withConnection { try await $0.value(sql) } ?? -1
    }

    func lastPosition() async throws -> Int64 {
        try await count("SELECT coalesce(max(position), 0) FROM update_log")
    }
}
