import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Delivery journal", .serialized, .timeLimit(.minutes(10)))
struct DeliveryJournalTests {
    @Test("When it is drained everything is written, also what another had begun to write")
    func drain() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com")
            let journal = DeliveryJournal(
                loop: fixture.loop, database: fixture.database, logger: fixture.logger)
            for position in Int64(1)...2500 {
                await journal.record(.success, of: LoggedUpdate(position: position, lane: "a"), to: consumer)
            }
            await journal.record(progress(2500, of: consumer), of: consumer.id)

            let first = Task(executorPreference: fixture.loop) { await journal.drain() }
            await journal.drain()

            #expect(try await fixture.count("SELECT count(*) FROM delivery_attempt") == 2500)
            #expect(try await fixture.cursor(of: consumer)?.position == 2500)
            await first.value
        }
    }

    @Test("The newest of a consumer's cursors is the one that stays")
    func newest() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com")
            let journal = DeliveryJournal(
                loop: fixture.loop, database: fixture.database, logger: fixture.logger)

            try await withThrowingTaskGroup(of: Void.self) { group in
                for position in Int64(1)...100 {
                    await journal.record(progress(position, of: consumer), of: consumer.id)
                    group.addTask(executorPreference: fixture.loop) { await journal.drain() }
                }
                try await group.waitForAll()
            }

            #expect(try await fixture.cursor(of: consumer)?.position == 100)
        }
    }

    @Test("While the database is away nothing more is sent, but it is when only this cannot be written")
    func away() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com")
            let nowhere = PostgresPool(
                loop: fixture.loop,
                configuration: try PostgresConfiguration(url: "postgresql://nobody@127.0.0.1:1/none"),
                limit: 1, waitLimit: 10, waitTimeout: .seconds(30), blocking: fixture.blocking,
                logger: fixture.logger, metrics: Metrics())
            let cutOff = DeliveryJournal(
                loop: fixture.loop, database: Database(tenants: fixture.superuser, system: nowhere),
                logger: fixture.logger)
            let journal = DeliveryJournal(
                loop: fixture.loop, database: fixture.database, logger: fixture.logger)
            try await fixture.tamper("ALTER TABLE consumer_cursor RENAME TO gone")
            let before = await [cutOff.isFull, journal.isFull]

            for one in [cutOff, journal] {
                await one.record(progress(7, of: consumer), of: consumer.id)
                await one.drain()
            }

            #expect(before == [false, false])
            #expect(await cutOff.isFull)
            #expect(await !journal.isFull)
            await nowhere.close()
        }
    }

    @Test("After an outage, progress made under the lost lease is written before the cursor is taken again")
    func outage() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com")
            let journal = DeliveryJournal(
                loop: fixture.loop, database: fixture.database, logger: fixture.logger)
            try await fixture.tamper("ALTER TABLE consumer_cursor RENAME TO gone")
            await journal.record(progress(7, of: consumer), of: consumer.id)
            await journal.drain()

            let whileAway = await #expect(throws: DeliveryJournal.Fault.self) {
                try await journal.writeProgress(of: consumer.id)
            }
            try await fixture.tamper("ALTER TABLE gone RENAME TO consumer_cursor")
            try await journal.writeProgress(of: consumer.id)
            let cursor = try await fixture.superuser.withConnection { connection in
                try await ConsumerCursor.take(consumer.id, of: consumer.bot, epoch: 2, in: connection)
            }

            #expect(whileAway == .notWritten)
            #expect(cursor?.position == 7)
        }
    }

    @Test("What was delivered since the cursor was written is settled for whoever takes it over")
    func betweenCursors() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com")
            let journal = DeliveryJournal(
                loop: fixture.loop, database: fixture.database, logger: fixture.logger,
                cursorInterval: .seconds(600))
            await journal.record(.success, of: LoggedUpdate(position: 1, lane: "a"), to: consumer)
            await journal.record(progress(2, of: consumer, express: 5), of: consumer.id)
            await journal.drain()

            for (position, attempt) in [(3, .success), (4, .failure), (7, .success)]
                as [(Int64, DeliveryAttempt)]
            {
                await journal.record(attempt, of: LoggedUpdate(position: position, lane: "a"), to: consumer)
            }
            await journal.record(progress(3, of: consumer, express: 7), of: consumer.id)
            try await fixture.eventually("written") {
                try await fixture.count("SELECT count(*) FROM delivery_attempt") == 4
            }
            let stored = try await fixture.cursor(of: consumer)?.position
            let taken = try await fixture.superuser.withConnection { connection in
                try await ConsumerCursor.take(consumer.id, of: consumer.bot, epoch: 2, in: connection)
            }

            #expect(stored == 2)
            #expect(taken?.position == 2)
            #expect(taken?.settled.sorted() == [3, 7])
            #expect(taken?.expressPosition == 5)
            #expect(taken?.expressSettled == [7])
        }
    }

    @Test("Who takes a cursor over reads no day of attempts whole, also of the only consumer")
    func indexed() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com")
            let journal = DeliveryJournal(
                loop: fixture.loop, database: fixture.database, logger: fixture.logger)
            for position in Int64(1)...1000 {
                await journal.record(.success, of: LoggedUpdate(position: position, lane: "a"), to: consumer)
            }
            await journal.record(progress(1000, of: consumer), of: consumer.id)
            await journal.drain()
            try await fixture.tamper("ANALYZE delivery_attempt")

            _ = try await fixture.superuser.withConnection { connection in
                try await ConsumerCursor.take(consumer.id, of: consumer.bot, epoch: 2, in: connection)
            }

            try await fixture.eventually("counted by PostgreSQL") {
                try await fixture.count(
                    """
                    SELECT coalesce(sum(idx_scan), 0)::bigint FROM pg_stat_user_tables
                    WHERE relname LIKE 'delivery_attempt_%' AND n_live_tup > 0
                    """) > 0
            }
        }
    }

    @Test("What no attempt says yet is written at once, and what others have come to waits")
    func urgent() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let replying = try await fixture.consumer(of: bot, url: "https://example.com")
            let other = try await fixture.consumer(of: bot, url: "https://example.com")
            let journal = DeliveryJournal(
                loop: fixture.loop, database: fixture.database, logger: fixture.logger,
                cursorInterval: .seconds(600))
            await journal.drain()

            await journal.record(progress(7, of: other), of: other.id)
            await journal.record(progress(7, of: replying), of: replying.id, isUrgent: true)
            await journal.record(progress(8, of: replying), of: replying.id)
            try await fixture.eventually("written") { try await fixture.cursor(of: replying)?.position == 8 }

            #expect(try await fixture.cursor(of: other)?.position == 0)
            await journal.drain()
            #expect(try await fixture.cursor(of: other)?.position == 7)
        }
    }

    @Test("Cursors of more consumers than a group takes are all written in turn")
    func manyConsumers() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            var consumers: [Consumer] = []
            for _ in 1...1100 {
                consumers.append(try await fixture.consumer(of: bot, url: "https://example.com"))
            }
            let journal = DeliveryJournal(
                loop: fixture.loop, database: fixture.database, logger: fixture.logger,
                cursorInterval: .seconds(600))

            for consumer in consumers { await journal.record(progress(7, of: consumer), of: consumer.id) }
            try await fixture.eventually("the first of them") {
                try await fixture.count("SELECT count(*) FROM consumer_cursor WHERE position = 7") > 0
            }

            try await fixture.eventually("all of them") {
                try await fixture.count("SELECT count(*) FROM consumer_cursor WHERE position = 7") == 1100
            }
            await journal.drain()
        }
    }

    private func progress(
        _ position: Int64, of consumer: Consumer, express: Int64? = nil
    ) -> DeliveryJournal.Progress {
        DeliveryJournal.Progress(
            bot: consumer.bot, epoch: 0, main: WindowProgress(cursor: position),
            express: WindowProgress(cursor: express ?? position))
    }
}

extension DeliveryAttempt {
    fileprivate static let success = DeliveryAttempt(
        number: 1, at: .now, duration: .milliseconds(3), statusCode: 200)
    fileprivate static let failure = DeliveryAttempt(
        number: 1, at: .now, duration: .milliseconds(3), statusCode: 500, error: "the endpoint answered 500")
}
