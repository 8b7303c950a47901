import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Retrying all dead letters", .serialized, .timeLimit(.minutes(10)))
struct RetryJobsTests {
    @Test("Dead letters go back in the order of the log, and never more of them than are worked off")
    func paced() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await fixture.deadLetters(5)
            let jobs = fixture.retryJobs(untried: 2)
            let job = try await fixture.retryDead(consumer)

            try await jobs.pass()
            try await jobs.pass()
            let first = try await fixture.positions(consumer, "retrying")
            try await fixture.tamper("UPDATE delivery SET attempts = 1 WHERE position = 1")
            try await fixture.tamper("DELETE FROM delivery WHERE position = 2")
            try await jobs.pass()
            let second = try await fixture.positions(consumer, "retrying")
            let half = try await fixture.find(job, of: consumer)
            try await fixture.tamper("DELETE FROM delivery WHERE position IN (3, 4)")
            try await jobs.pass()
            try await fixture.tamper("DELETE FROM delivery WHERE position = 5")
            try await jobs.pass()
            let last = try await fixture.find(job, of: consumer)

            #expect(job.total == 5 && job.status == .running)
            #expect(first == [1, 2])
            #expect(second == [1, 3, 4])
            #expect(half?.done == 2 && half?.status == .running)
            #expect(last?.done == 5 && last?.status == .finished && last?.finishedAt != nil)
        }
    }

    @Test(
        "What fails again does not keep the others back for as long as its schedule, until there is too much of it"
    )
    func failingAgain() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await fixture.deadLetters(6)
            let jobs = fixture.retryJobs(untried: 2, retrying: 3)
            try await fixture.retryDead(consumer)

            try await jobs.pass()
            try await fixture.tamper("UPDATE delivery SET attempts = 1 WHERE status = 'retrying'")
            try await jobs.pass()
            try await fixture.tamper("UPDATE delivery SET attempts = 1 WHERE status = 'retrying'")
            try await jobs.pass()

            #expect(try await fixture.positions(consumer, "retrying") == [1, 2, 3])
        }
    }

    @Test(
        "What waits behind a failure of its lane keeps no other lane back, and is not done before it is tried"
    )
    func badLane() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await fixture.deadLetters(6)
            try await fixture.tamper("UPDATE delivery SET lane = 'c1' WHERE position < 5")
            let jobs = fixture.retryJobs(untried: 2)
            let job = try await fixture.retryDead(consumer)

            try await jobs.pass()
            try await fixture.tamper("UPDATE delivery SET attempts = 1 WHERE position = 1")
            for _ in 0..<3 { try await jobs.pass() }
            let all = try await fixture.positions(consumer, "retrying")
            let running = try await fixture.find(job, of: consumer)
            try await fixture.tamper("DELETE FROM delivery WHERE position IN (5, 6)")
            try await jobs.pass()
            let held = try await fixture.find(job, of: consumer)

            #expect(all == [1, 2, 3, 4, 5, 6])
            #expect(running?.done == 1 && held?.done == 3 && held?.status == .running)
        }
    }

    @Test("What dies after the job was made, and what is past its deadline, is left alone")
    func others() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await fixture.deadLetters(3)
            try await fixture.tamper(
                "UPDATE delivery SET deadline = now() - interval '1 minute' WHERE position = 2")
            let job = try await fixture.retryDead(consumer)
            try await fixture.deadLetters(4...4, of: consumer)

            try await fixture.retryJobs(untried: 10).pass()

            #expect(job.total == 2)
            #expect(try await fixture.positions(consumer, "retrying") == [1, 3])
            #expect(try await fixture.positions(consumer, "dead") == [2, 4])
        }
    }

    @Test("More than can be counted at once are retried all the same")
    func uncounted() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await fixture.deadLetters(4)
            let job = try await fixture.database.write(consumer.bot.tenant) { tx in
                try await RetryJob.create(of: consumer.id, counting: 3, in: tx)
            }

            try await fixture.retryJobs(untried: 10).pass()

            #expect(job.total == nil && job.status == .running)
            #expect(try await fixture.positions(consumer, "retrying") == [1, 2, 3, 4])
        }
    }

    @Test("A parked lane is let go, and whoever delivers is told to look at the lanes again")
    func parked() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await fixture.deadLetters(1)
            try await fixture.tamper("UPDATE delivery SET is_parking = true, attempts = 9")
            try await fixture.retryDead(consumer)

            try await fixture.retryJobs(untried: 10).pass()

            let row = try await fixture.count(
                """
                SELECT count(*) FROM delivery WHERE status = 'retrying' AND NOT is_parking AND attempts = 0
                    AND next_attempt_at <= clock_timestamp()
                """)
            let told = try await fixture.count(
                "SELECT count(*) FROM consumer WHERE lanes_changed_at IS NOT NULL")
            #expect(row == 1 && told == 1)
        }
    }

    @Test("A cancelled job puts nothing more back")
    func cancelled() async throws {
        try await Fixture.with { fixture in
            let (bot, consumer) = try await fixture.deadLetters(3)
            let jobs = fixture.retryJobs(untried: 1)
            let job = try await fixture.retryDead(consumer)
            try await jobs.pass()

            let isCancelled = try await fixture.database.write(bot.tenant) { tx in
                try await job.cancel(in: tx)
            }
            try await fixture.tamper("DELETE FROM delivery WHERE status = 'retrying'")
            try await jobs.pass()
            let again = try await fixture.database.write(bot.tenant) { tx in try await job.cancel(in: tx) }

            #expect(isCancelled && !again)
            #expect(try await fixture.positions(consumer, "retrying").isEmpty)
            #expect(try await fixture.positions(consumer, "dead") == [2, 3])
        }
    }

    @Test("One job of a consumer runs at a time, and one without work ends at once")
    func once() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await fixture.deadLetters(1)
            try await fixture.retryDead(consumer)

            let second = await failure { try await fixture.retryDead(consumer) }
            try await fixture.tamper("DELETE FROM retry_job")
            try await fixture.tamper("DELETE FROM delivery")
            let empty = try await fixture.retryDead(consumer)

            #expect(second == "23505")
            #expect(empty.status == .finished && empty.total == 0 && empty.finishedAt != nil)
        }
    }

    @Test("One dead letter is retried in the order of locks of everybody else: its consumer first")
    func lockOrder() async throws {
        try await Fixture.with { fixture in
            let (bot, consumer) = try await fixture.deadLetters(1)
            let id = try #require(
                try await fixture.superuser.withConnection { connection in
                    try await connection.value("SELECT id FROM delivery", as: ID<DeliveryRow>.self)
                })

            let retrying = try await fixture.database.write(bot.tenant) { tx in
                _ = try await Consumer.locked(consumer.id, in: tx)
                let retrying = Task(executorPreference: fixture.loop) {
                    try await fixture.database.write(bot.tenant) { tx in
                        try await DeliveryRecord.retry(id, in: tx)?.after.status
                    }
                }
                try await fixture.eventually("the retry to wait") {
                    try await fixture.count(
                        """
                        SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'
                        """) == 1
                }
                // Waits for the retry, which waits for the consumer, if that has locked the row already.
                try await tx.execute(
                    """
                    UPDATE delivery SET updated_at = clock_timestamp() WHERE tenant_id = \(tx.tenant) AND id = \(id)
                    """)
                return retrying
            }

            #expect(try await retrying.value == .retrying)
        }
    }

    @Test("A job goes on where the node that ran it has died")
    func resumed() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await fixture.deadLetters(4)
            let job = try await fixture.retryDead(consumer)
            try await fixture.retryJobs(untried: 2).pass()
            try await fixture.tamper("DELETE FROM delivery WHERE status = 'retrying'")
            let running = Task(executorPreference: fixture.loop) { await fixture.retryJobs(untried: 2).run() }

            try await fixture.eventually("the rest") {
                try await fixture.positions(consumer, "retrying") == [3, 4]
            }
            try await fixture.tamper("DELETE FROM delivery WHERE status = 'retrying'")
            try await fixture.eventually("its end") {
                try await fixture.find(job, of: consumer)?.status == .finished
            }
            running.cancel()
            await running.value

            #expect(try await fixture.find(job, of: consumer)?.done == 4)
        }
    }

    @Test("Dead letters that are retried are delivered, and the job ends")
    func delivered() async throws {
        try await Fixture.with { fixture in
            let isWell = Happenings<Bool>()
            let receiver = try await TestReceiver(on: fixture.loop) { _ in isWell.all.isEmpty ? 404 : 200 }
            let (bot, consumer) = try await fixture.pushConsumer(receiver)
            try await fixture.setSchedule([0], of: consumer)
            let run = try await DeliveryRun(fixture)
            for number in 1...4 {
                try await run.append([fixture.message(Int64(number), chat: Int64(number), to: bot)])
                try await fixture.eventually("a dead letter") {
                    try await fixture.positions(consumer, "dead").count == number
                }
            }
            isWell.add(true)
            let running = Task(executorPreference: fixture.loop) { await fixture.retryJobs(untried: 2).run() }

            let job = try await fixture.retryDead(consumer)
            try await fixture.eventually("its end") {
                try await fixture.find(job, of: consumer)?.status == .finished
            }
            running.cancel()
            await running.value
            await run.stop()

            #expect(try await fixture.count("SELECT count(*) FROM delivery") == 0)
            #expect(receiver.receptions.all.suffix(4).map(\.updateID).sorted() == [1, 2, 3, 4])
            await receiver.stop()
        }
    }
}
