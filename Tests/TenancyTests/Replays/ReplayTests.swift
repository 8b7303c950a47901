import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Replays", .serialized, .timeLimit(.minutes(10)))
struct ReplayTests {
    @Test("What the endpoint got comes once more: in order, marked, under the same ids")
    func again() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let run = try await DeliveryRun(fixture)
            try await run.append((1...6).map { try fixture.message($0, chat: $0 % 2, to: bot) })
            try await fixture.settled(consumer)
            let first = receiver.receptions.all

            let replay = try await fixture.replay(consumer)
            try await fixture.finished(replay, of: consumer)
            await run.stop()

            let second = Array(receiver.receptions.all.dropFirst(6))
            #expect(replay.total == 6)
            for chat: Int64 in [0, 1] {
                let ids = second.filter { $0.chat == chat }.map(\.updateID)
                #expect(ids == first.filter { $0.chat == chat }.map(\.updateID) && ids.count == 3)
            }
            #expect(second.allSatisfy { $0.headers["Rookery-Replay"] == "true" })
            #expect(first.allSatisfy { $0.headers["Rookery-Replay"] == nil })
            #expect(
                Set(second.compactMap { $0.headers["webhook-id"] })
                    == Set(first.compactMap { $0.headers["webhook-id"] }))
            let done = try await fixture.find(replay, of: consumer)
            #expect(done?.progress == .init(delivered: 6, pending: 0, retrying: 0, dead: 0, expired: 0))
            #expect(done?.finishedAt != nil)
            await receiver.stop()
        }
    }

    @Test("Only the range's updates come, of the chat and the kinds asked for")
    func narrowed() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let run = try await DeliveryRun(fixture)
            try await run.append((1...8).map { try fixture.message($0, chat: $0 % 2, to: bot) })
            try await fixture.settled(consumer)
            try await fixture.tamper("UPDATE update_log SET kind = 'edited_message' WHERE update_id = 4")
            try await fixture.tamper(
                "UPDATE update_log SET deadline = now() + interval '1 hour' WHERE update_id = 6")
            let times = try await fixture.receivedTimes()
            var new = Replay.New(from: times[1], to: times[7])
            new.chatID = 0
            new.kinds = ["message"]

            let replay = try await fixture.replay(consumer, new)
            try await run.append([fixture.message(9, chat: 0, to: bot)])
            try await fixture.finished(replay, of: consumer)
            try await fixture.eventually("the new update") {
                receiver.receptions.all.contains { $0.updateID == 9 }
            }
            await run.stop()

            let replayed = receiver.receptions.all.filter { $0.headers["Rookery-Replay"] != nil }
            #expect(replayed.map(\.updateID) == [2])
            // Of 2, 4 and 6 the one is of another kind, and the other's time is over.
            #expect(replay.total == 2 && replay.progress.expired == 1)
            #expect(try await fixture.find(replay, of: consumer)?.progress.delivered == 1)
            await receiver.stop()
        }
    }

    @Test("A range without updates is through at once")
    func empty() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com/updates")

            let replay = try await fixture.replay(consumer)

            #expect(replay.status == .finished && replay.total == 0 && replay.finishedAt != nil)
        }
    }

    @Test("No more go out in a second than its owner has set")
    func paced() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let run = try await DeliveryRun(fixture)
            try await run.append((1...6).map { try fixture.message($0, chat: $0, to: bot) })
            try await fixture.settled(consumer)
            var new = try await fixture.everything()
            new.perSecond = 4
            let start = ContinuousClock.now

            let replay = try await fixture.replay(consumer, new)
            try await fixture.finished(replay, of: consumer)
            let time = ContinuousClock.now - start
            await run.stop()

            #expect(receiver.receptions.all.count == 12)
            #expect(time >= .milliseconds(1250))
            await receiver.stop()
        }
    }

    @Test("A replay goes on after a crash where it was, and waits while its source is paused")
    func resumed() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop)
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            let first = try await DeliveryRun(fixture)
            try await first.append((1...40).map { try fixture.message($0, chat: 1, to: bot) })
            try await fixture.settled(consumer)
            var new = try await fixture.everything()
            new.perSecond = 10
            let replay = try await fixture.replay(consumer, new)
            try await fixture.eventually("a cursor that has moved") {
                try await fixture.cursor(of: replay.consumer) > 4
            }
            await first.kill()
            try await fixture.tamper(
                "UPDATE consumer SET status = 'paused', updated_at = now() WHERE id = \(consumer.id)")

            func targets() async throws -> [PushTarget] {
                try await PushTarget.active(
                    of: [consumer.bot], in: fixture.database, secrets: fixture.consumers,
                    logger: fixture.logger)
            }
            let whilePaused = try await targets()
            try await fixture.tamper("UPDATE replay SET per_second = 1000")
            try await fixture.tamper(
                "UPDATE consumer SET status = 'active', updated_at = clock_timestamp() WHERE id = \(consumer.id)"
            )
            let resumed = try await targets()
            let second = try await DeliveryRun(fixture, epoch: 2)
            await second.wake(bot)
            try await fixture.finished(replay, of: consumer)
            await second.stop()

            let ids = receiver.receptions.all.dropFirst(40).map(\.updateID)
            #expect(whilePaused.isEmpty)
            #expect(Set(resumed.map(\.consumer.id)) == [consumer.id, replay.consumer])
            #expect(Set(ids) == Set(1...40))
            // Not from its beginning: the cursor is written ten times a second.
            #expect(ids.count < 50)
            await receiver.stop()
        }
    }

    @Test("One that is cancelled sends no more, and what has failed in one that ended can be retried")
    func endings() async throws {
        try await Fixture.with { fixture in
            let isWell = Happenings<Bool>()
            let receiver = try await TestReceiver(on: fixture.loop) { reception in
                reception.headers["Rookery-Replay"] == nil || !isWell.all.isEmpty ? 200 : 404
            }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0], of: consumer)
            let run = try await DeliveryRun(fixture)
            try await run.append((1...2).map { try fixture.message($0, chat: $0, to: bot) })
            try await fixture.settled(consumer)

            let failed = try await fixture.replay(consumer)
            try await fixture.finished(failed, of: consumer)
            let dead = try await fixture.find(failed, of: consumer)
            isWell.add(true)
            try await fixture.tamper(
                "UPDATE delivery SET status = 'retrying', attempts = 0, next_attempt_at = clock_timestamp()")
            try await fixture.tamper(
                "UPDATE consumer SET lanes_changed_at = clock_timestamp() WHERE id = \(failed.consumer)")
            try await fixture.eventually("the retried ones") {
                try await fixture.count("SELECT count(*) FROM delivery") == 0
            }
            var slow = try await fixture.everything()
            slow.perSecond = 1
            let cancelled = try await fixture.replay(consumer, slow)
            let second = await failure { _ = try await fixture.replay(consumer, slow) }
            let isCancelled = try await fixture.database.write(bot.tenant) { tx in
                try await cancelled.cancel(in: tx)
            }
            await run.stop()

            #expect(dead?.progress == .init(delivered: 0, pending: 0, retrying: 0, dead: 2, expired: 0))
            #expect(second == "23505")
            #expect(isCancelled)
            #expect(try await fixture.find(cancelled, of: consumer)?.status == .cancelled)
            await receiver.stop()
        }
    }

    @Test("What a cancelled replay had still to retry is dead, and stays so")
    func cancelled() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com/updates")
            try await fixture.appender().append(fixture.message(1, to: bot))
            let replay = try await fixture.replay(consumer)
            try await fixture.tamper("UPDATE replay SET until_position = until_position + 100")
            let row = ID<DeliveryRow>()
            for (id, owner) in [(row, replay.consumer), (ID<DeliveryRow>(), consumer.id)] {
                try await fixture.tamper(
                    """
                    INSERT INTO delivery (tenant_id, id, consumer_id, bot_id, position, update_id, kind, lane,
                        received_at, payload, status, next_attempt_at)
                    VALUES (\(bot.tenant), \(id), \(owner), \(bot.id), 1, 1, 'message', 'c1', now(), '{}',
                        'retrying', now())
                    """)
            }
            let replays = Replays(loop: fixture.loop, database: fixture.database, logger: fixture.logger)

            try await replays.pass()
            let before = try await fixture.find(replay, of: consumer)
            _ = try await fixture.database.write(bot.tenant) { tx in try await replay.cancel(in: tx) }
            try await replays.pass()
            let after = try await fixture.find(replay, of: consumer)
            let retry = await failure {
                _ = try await fixture.database.write(bot.tenant) { tx in
                    try await DeliveryRecord.retry(row, in: tx)
                }
            }

            #expect(before?.progress.retrying == 1)
            #expect(after?.progress.retrying == 0 && after?.progress.dead == 1)
            #expect(retry == "replayCancelled")
            #expect(try await fixture.count("SELECT count(*) FROM delivery WHERE status = 'retrying'") == 1)
        }
    }

    @Test("A range of which the retention took the rest is through")
    func cutShort() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com/updates")
            let appender = fixture.appender()
            for number: Int64 in 1...3 { try await appender.append(fixture.message(number, to: bot)) }
            let replay = try await fixture.replay(consumer)
            let replays = Replays(loop: fixture.loop, database: fixture.database, logger: fixture.logger)

            try await replays.pass()
            let before = try await fixture.find(replay, of: consumer)
            try await fixture.tamper("DELETE FROM update_log")
            try await replays.pass()
            let after = try await fixture.find(replay, of: consumer)

            #expect(before?.status == .running && before?.progress.pending == 3)
            #expect(after?.status == .finished && after?.progress.delivered == 0)
        }
    }
}

extension Fixture {
    /// All that is in the log by now.
    func everything() async throws -> Replay.New {
        Replay.New(
            from: try await databaseTime() - .seconds(3600), to: try await databaseTime() + .seconds(3600))
    }

    @discardableResult
    func replay(_ consumer: Consumer, _ new: Replay.New? = nil) async throws -> Replay {
        var wanted = try await everything()
        if let new { wanted = new }
        return try await database.write(consumer.bot.tenant) { [wanted] tx in
            let range = try await Replay.range(wanted, of: consumer, in: tx)
            let size = try await Replay.size(wanted, of: range, consumer, in: tx)
            return try await Replay.create(wanted, of: consumer, range, size, in: tx)
        }
    }

    func find(_ replay: Replay, of consumer: Consumer) async throws -> Replay? {
        try await database.read(consumer.bot.tenant) { tx in try await Replay.find(replay.id, in: tx) }
    }

    /// Looks after replays until it is through.
    func finished(_ replay: Replay, of consumer: Consumer) async throws {
        let replays = Replays(loop: loop, database: database, logger: logger)
        try await eventually("the end of the replay") {
            try await replays.pass()
            return try await self.find(replay, of: consumer)?.status == .finished
        }
    }

    func cursor(of consumer: ID<Consumer>) async throws -> Int64 {
        try await superuser.withConnection { connection in
            try await connection.value(
                "SELECT position FROM consumer_cursor WHERE consumer_id = \(consumer)", as: Int64.self) ?? 0
        }
    }

    /// In the order of the log.
    func receivedTimes() async throws -> [Timestamp] {
        try await superuser.withConnection { connection in
            try await connection.values(
                "SELECT received_at FROM update_log ORDER BY position", as: Timestamp.self)
        }
    }
}
