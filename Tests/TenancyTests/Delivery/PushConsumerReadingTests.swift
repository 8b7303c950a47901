import Platform
import Synchronization
import TestSupport
import Testing

@testable import Tenancy

@Suite("Reading ahead", .serialized, .timeLimit(.minutes(10)))
struct PushConsumerReadingTests {
    @Test("For an endpoint that is down one update is held, and all that waits goes when it is up again")
    func endpointDown() async throws {
        try await Fixture.with { fixture in
            let isDown = Mutex(true)
            let receiver = try await TestReceiver(on: fixture.loop) { _ in isDown.withLock { $0 } ? 503 : 200
            }
            let (bot, row) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0] + Array(repeating: 100, count: 20), of: row)
            let appender = fixture.appender()
            for number in Int64(1)...200 {
                try await appender.append(fixture.message(number, chat: number, to: bot))
            }
            let client = try HTTPClient(loop: fixture.loop, addressGuard: AddressGuard(allowsPrivate: true))
            let budget = WindowBudget()
            let consumer = try await start(bot, budget, client, fixture)

            await consumer.wake()
            try await receiver.receptions.wait("a probe", on: fixture.loop) { $0.count > 20 }
            try await fixture.eventually("a window of one") { (1..<300).contains(budget.held) }
            let rows = try await fixture.count("SELECT count(*) FROM delivery")
            isDown.withLock { $0 = false }
            try await fixture.settled(row)
            await consumer.stop()

            #expect(rows < 20)
            #expect(budget.held == 0)
            let delivered = Set(receiver.receptions.all.map(\.updateID))
            #expect(delivered == Set((1...200).map { Int64($0) }))
            client.close()
            await receiver.stop()
        }
    }

    private func start(
        _ bot: Bot, _ budget: WindowBudget, _ client: HTTPClient, _ fixture: Fixture
    ) async throws -> PushConsumer {
        let (loop, database) = (fixture.loop, fixture.database)
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
            sender: DeliverySender(client: client), leases: leases, metrics: DeliveryMetrics(fixture.metrics),
            traffic: nil, logger: fixture.logger)
        let target = try #require(
            try await PushTarget.active(
                of: [key], in: database, secrets: fixture.consumers, logger: fixture.logger
            ).first)
        let cursor = try await database.system.withConnection { connection in
            try await ConsumerCursor.take(target.consumer.id, of: key, epoch: 1, in: connection)
        }
        return PushConsumer(
            target: target, epoch: 1, cursor: try #require(cursor), lanes: [], parts: parts)
    }
}
