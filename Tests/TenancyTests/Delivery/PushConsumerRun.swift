import Platform
import TestSupport
import Testing

@testable import Tenancy

/// One push consumer by itself, with a budget of its own.
struct PushConsumerRun {
    let consumer: PushConsumer
    let budget: WindowBudget
    private let client: HTTPClient

    init(_ bot: Bot, budget: WindowBudget = WindowBudget(), _ fixture: Fixture) async throws {
        let (loop, database) = (fixture.loop, fixture.database)
        let client = try HTTPClient(loop: loop, addressGuard: AddressGuard(allowsPrivate: true))
        (self.client, self.budget) = (client, budget)
        let key = BotKey(tenant: bot.tenant, bot: bot.id)
        let leases = ShardLeases()
        _ = leases.replace([(key.shard, 1)], until: .now + .seconds(600))
        let journal = DeliveryJournal(loop: loop, database: database, logger: fixture.logger)
        let parts = PushConsumer.Parts(
            loop: loop, database: database, reader: LogReader(loop: loop, database: database), budget: budget,
            journal: journal,
            outcomes: DeliveryOutcomes(
                loop: loop, database: database, journal: journal, calls: nil, events: .none,
                logger: fixture.logger),
            sender: DeliverySender(client: client, logger: fixture.logger), leases: leases,
            metrics: DeliveryMetrics(fixture.metrics), traffic: nil, logger: fixture.logger)
        let target = try await Self.target(key, fixture)
        let cursor = try await database.system.withConnection { connection in
            try await ConsumerCursor.take(target.consumer.id, of: key, epoch: 1, in: connection)
        }
        let (lanes, _) = try await DeliveryRow.heldLanes(of: target.consumer, in: database)
        consumer = PushConsumer(
            target: target, epoch: 1, cursor: try #require(cursor), lanes: lanes, parts: parts)
    }

    /// As the consumer is stored.
    static func target(_ bot: BotKey, _ fixture: Fixture) async throws -> PushTarget {
        try #require(
            try await PushTarget.active(
                of: [bot], in: fixture.database, secrets: fixture.consumers, logger: fixture.logger
            ).first)
    }

    func stop() async {
        await consumer.stop()
        client.close()
    }
}
