import Platform
import TestSupport

@testable import Tenancy

/// Deliveries of a node, as the app puts them together, without its other parts.
struct DeliveryRun: Sendable {
    let fixture: Fixture
    let delivery: Delivery
    let leases = ShardLeases()
    private let client: HTTPClient
    private let running: Task<Void, Never>

    /// - Parameters:
    ///   - epoch: under which all shards are held.
    ///   - reloadEvery: how often all consumers are read again.
    ///   - looksByItself: false leaves out what is looked for once a second.
    init(
        _ fixture: Fixture, epoch: Int64 = 1, limits: HTTPClientLimits = HTTPClientLimits(),
        logger: Logger? = nil, reloadEvery: Duration = .seconds(30), calls: BotCalls? = nil,
        events: ConsumerEvents = .none, looksByItself: Bool = true
    ) async throws {
        self.fixture = fixture
        let loop = fixture.loop
        let client = try HTTPClient(
            loop: loop, addressGuard: AddressGuard(allowsPrivate: true), limits: limits)
        self.client = client
        let delivery = Delivery(
            loop: loop, share: LoopShare(0, of: 1), database: fixture.database, secrets: fixture.consumers,
            leases: leases, client: client, metrics: fixture.metrics, logger: logger ?? fixture.logger,
            calls: calls, events: events, reloadEvery: reloadEvery)
        self.delivery = delivery
        running = Task(executorPreference: loop) { if looksByItself { try? await delivery.run() } }
        hold(epoch: epoch)
    }

    func hold(epoch: Int64) {
        _ = leases.replace(
            (0..<Shard.count).map { ($0, epoch) }, until: .now + .seconds(600))
    }

    var deliveries: Deliveries { Deliveries([(loop: fixture.loop, delivery: delivery)], leases: leases) }

    /// Appends and wakes the delivery, as ingest does.
    func append(_ updates: [NewUpdate]) async throws {
        let appender = fixture.appender(deliveries: deliveries)
        for update in updates { try await appender.append(update) }
    }

    func wake(_ bot: Bot) async { await delivery.wake([BotKey(tenant: bot.tenant, bot: bot.id)]) }

    func stop() async {
        await delivery.stop()
        await kill()
    }

    /// Ends without a last flush of what is under way.
    func kill() async {
        running.cancel()
        await running.value
        client.close()
    }
}

extension Fixture {
    struct StoredCursor: RowDecodable, Equatable {
        let position: Int64
        let settled: [Int64]
        let epoch: Int64
        let expressPosition: Int64
        init(row: inout Row) throws {
            position = try row.next()
            settled = try row.next()
            epoch = try row.next()
            expressPosition = try row.next()
        }
    }

    func cursor(of consumer: Consumer) async throws -> StoredCursor? {
        try await superuser.withConnection { connection in
            try await connection.first(
                "SELECT position, settled, epoch, express_position FROM consumer_cursor WHERE consumer_id = \(consumer.id)",
                as: StoredCursor.self)
        }
    }

    func lastPosition() async throws -> Int64 {
        try await Int64(count("SELECT coalesce(max(position), 0) FROM update_log"))
    }

    /// Waits until everything in the log is settled for the consumer.
    func settled(_ consumer: Consumer, within patience: Duration = .seconds(60)) async throws {
        let last = try await lastPosition()
        try await eventually("the cursor at \(last)", within: patience) {
            let cursor = try await self.cursor(of: consumer)
            return cursor?.position == last && cursor?.expressPosition == last
        }
    }

    /// Retries come soon, so that tests need not wait.
    func setSchedule(_ milliseconds: [Int64], onDead: String = "skip", of consumer: Consumer) async throws {
        try await tamper(
            """
            UPDATE consumer SET retry_schedule_ms = \(milliseconds), on_dead = \(onDead), updated_at = now()
            WHERE id = \(consumer.id)
            """)
    }
}
