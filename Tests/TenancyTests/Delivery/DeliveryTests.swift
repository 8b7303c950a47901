import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Push delivery", .serialized, .timeLimit(.minutes(10)))
struct DeliveryTests {
    @Test("Each chat's updates come in order while another chat's receiver hangs")
    func hangingChat() async throws {
        try await Fixture.with { fixture in
            let release = Happenings<Int>()
            let loop = fixture.loop
            let receiver = try await TestReceiver(on: loop) { reception in
                if reception.chat == 1 {
                    _ = try? await release.wait("the release", on: loop, within: .seconds(600)) {
                        !$0.isEmpty
                    }
                }
                return 200
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let run = try await DeliveryRun(fixture)

            try await run.append(
                (0..<90).map { try fixture.message(Int64($0), chat: Int64($0 % 3 + 1), to: bot) })
            let others = try await receiver.receptions.wait("the other chats", on: loop) { all in
                all.filter { $0.chat != 1 }.count == 60
            }
            release.add(1)
            try await fixture.settled(consumer)

            #expect(others.filter { $0.chat == 1 }.map(\.updateID) == [0])
            for chat in Int64(1)...3 {
                let came = receiver.receptions.all.filter { $0.chat == chat }.map(\.updateID)
                #expect(came == (0..<30).map { Int64($0 * 3) + chat - 1 })
            }
            await run.stop()
            await receiver.stop()
        }
    }

    @Test("What is posted is Telegram's bytes, signed, with the headers of the contract")
    func request() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let bot = try await fixture.bot(in: fixture.tenant())
            let secret = WebhookSigner.makeSecret()
            _ = try await fixture.consumer(
                of: bot, url: receiver.url, signingSecret: secret, telegramSecret: "tg")
            let run = try await DeliveryRun(fixture)
            let update = try fixture.update(#"{ "update_id" : 5,"message":{"text":"a\/b é"} }"#, to: bot)

            try await run.append([update])
            let reception = try #require(
                await receiver.receptions.wait("the update", on: fixture.loop) { !$0.isEmpty }.first)

            let headers = reception.headers
            let id = try #require(headers["webhook-id"])
            let timestamp = try #require(headers["webhook-timestamp"].flatMap { Int64($0) })
            #expect(reception.body == update.payload)
            #expect(headers["Content-Type"] == "application/json")
            #expect(headers["X-Telegram-Bot-Api-Secret-Token"] == "tg")
            #expect(headers["Rookery-Bot"] == "\(bot.id)")
            #expect(headers["Rookery-Attempt"] == "1")
            #expect(!id.contains("."))
            #expect(abs(timestamp - Timestamp.now.secondsSince1970) < 60)
            #expect(
                try WebhookSigner(secrets: [secret]).verifies(
                    headers["webhook-signature"] ?? "", id: id, timestamp: timestamp, body: reception.body))
            await run.stop()
            await receiver.stop()
        }
    }

    @Test("After a restart nothing that was settled comes again, and what came meanwhile does")
    func restart() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let first = try await DeliveryRun(fixture)
            try await first.append((1...20).map { try fixture.message(Int64($0), to: bot) })
            try await receiver.receptions.wait("the first", on: fixture.loop) { $0.count == 20 }
            await first.stop()
            let stored = try await fixture.cursor(of: consumer)
            let appender = fixture.appender()
            for number in Int64(21)...25 { try await appender.append(fixture.message(number, to: bot)) }

            let second = try await DeliveryRun(fixture, epoch: 2)
            await second.wake(bot)
            try await fixture.settled(consumer)

            #expect(try await fixture.lastPosition() > stored?.position ?? 0)
            #expect(receiver.receptions.all.map(\.updateID) == (1...25).map { Int64($0) })
            #expect(try await fixture.cursor(of: consumer)?.epoch == 2)
            await second.stop()
            await receiver.stop()
        }
    }

    @Test("After an outage longer than the lease nothing that was delivered comes again")
    func outage() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let lines = Happenings<String>()
            let run = try await DeliveryRun(
                fixture, logger: Logger(minimum: .debug, write: { lines.add($0) }))
            try await run.append([fixture.message(1, to: bot)])
            try await fixture.settled(consumer)

            // Nothing can be written down, as in an outage, and the lease is taken anew under another epoch.
            try await fixture.tamper("ALTER TABLE delivery_attempt RENAME TO gone")
            try await run.append((2...20).map { try fixture.message(Int64($0), to: bot) })
            try await receiver.receptions.wait("all", on: fixture.loop) { $0.count == 20 }
            run.hold(epoch: 2)
            try await lines.wait("a start that fails", on: fixture.loop) { all in
                all.contains { $0.contains("could not be loaded") }
            }
            try await fixture.tamper("ALTER TABLE gone RENAME TO delivery_attempt")
            try await run.append([fixture.message(21, to: bot)])
            try await fixture.settled(consumer)

            #expect(receiver.receptions.all.map(\.updateID) == (1...21).map { Int64($0) })
            await run.stop()
            await receiver.stop()
        }
    }

    @Test("A consumer whose cursor is held under a newer epoch than the shard's is named in the log, once")
    func overtaken() async throws {
        try await Fixture.with { fixture in
            let lines = Happenings<String>()
            let logger = Logger(minimum: .warning, write: { lines.add($0) })
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.tamper("UPDATE consumer_cursor SET epoch = 9")
            let run = try await DeliveryRun(fixture, epoch: 5, logger: logger)

            try await run.append([fixture.message(1, to: bot)])
            try await lines.wait("a warning", on: fixture.loop) { !$0.isEmpty }
            try await run.append([fixture.message(2, to: bot)])
            run.hold(epoch: 10)
            try await run.append([fixture.message(3, to: bot)])
            try await fixture.settled(consumer)

            #expect(lines.all.count == 1)
            #expect(lines.all[0].contains("\(consumer.id)"))
            await run.stop()
            await receiver.stop()
        }
    }

    @Test("A delivery whose epoch was overtaken moves nothing, and ends")
    func fencing() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let old = try await DeliveryRun(fixture, epoch: 5)
            try await old.append([fixture.message(1, to: bot)])
            try await fixture.settled(consumer)
            let before = try #require(try await fixture.cursor(of: consumer))

            // Another node has taken the consumer over; the old one does not know yet.
            try await fixture.tamper("UPDATE consumer_cursor SET epoch = 6")
            try await old.append([fixture.message(2, to: bot)])
            try await receiver.receptions.wait("the second", on: fixture.loop) { $0.count == 2 }
            await old.stop()
            let after = try #require(try await fixture.cursor(of: consumer))
            let isTaken = try await fixture.superuser.withConnection { connection in
                try await ConsumerCursor.take(
                    consumer.id, of: consumer.bot, epoch: 5, in: connection)
            }

            #expect(after.position == before.position)
            #expect(after.epoch == 6)
            #expect(isTaken == nil)
            await receiver.stop()
        }
    }

    @Test("An update whose time is over is not sent, and stays to be seen")
    func expired() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            func query(_ number: Int, receivedAt: Timestamp) throws -> NewUpdate {
                let payload = Array(#"{"update_id":\#(number),"inline_query":{"from":{"id":7}}}"#.utf8)
                return NewUpdate(
                    tenant: bot.tenant, bot: bot.id, head: try UpdateHead(parsing: payload),
                    receivedAt: receivedAt, payload: payload)
            }
            // A query is worth half a minute, and the fresh one stays so however long the test takes.
            let stale = try query(1, receivedAt: .now - .seconds(31))
            let fresh = try query(2, receivedAt: .now + .seconds(600))
            let run = try await DeliveryRun(fixture)

            try await run.append([stale, fresh])
            try await fixture.settled(consumer)

            #expect(receiver.receptions.all.map(\.updateID) == [2])
            #expect(
                try await fixture.count(
                    "SELECT count(*) FROM delivery WHERE status = 'expired' AND update_id = 1") == 1)
            await run.stop()
            await receiver.stop()
        }
    }

    @Test("Only the kinds that a consumer wants are sent")
    func kinds() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.tamper("UPDATE consumer SET kinds = '{poll}', updated_at = now()")
            let run = try await DeliveryRun(fixture)

            try await run.append([
                fixture.message(1, to: bot), fixture.update(#"{"update_id":2,"poll":{"id":"9"}}"#, to: bot),
                fixture.message(3, to: bot),
            ])
            try await fixture.settled(consumer)

            #expect(receiver.receptions.all.map(\.updateID) == [2])
            await run.stop()
            await receiver.stop()
        }
    }

    @Test("A suspended tenant's updates wait in the log")
    func suspended() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.tamper("UPDATE tenant SET status = 'suspended', updated_at = now()")
            let run = try await DeliveryRun(fixture)
            try await run.append([fixture.message(1, to: bot)])
            await run.wake(bot)

            try await fixture.tamper("UPDATE tenant SET status = 'active', updated_at = now()")
            try await fixture.settled(consumer)

            #expect(receiver.receptions.all.map(\.updateID) == [1])
            await run.stop()
            await receiver.stop()
        }
    }
}

extension Fixture {
    func pushConsumer(_ receiver: TestReceiver) async throws -> (Bot, Consumer) {
        let bot = try await bot(in: tenant())
        let consumer = try await consumer(of: bot, url: receiver.url)
        // A receiver that hangs is to hang for longer than anything else takes.
        try await tamper("UPDATE consumer SET timeout_ms = 60000 WHERE id = \(consumer.id)")
        return (bot, consumer)
    }
}
