import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Retention", .serialized, .timeLimit(.minutes(10)))
struct RetentionTests {
    @Test("A day goes when no tenant is promised it any more, and what others must not keep goes before")
    func days() async throws {
        try await Fixture.with { fixture in
            let short = try await fixture.tenant(limits: TenantLimits(overrides: [.logRetentionDays: 2]))
            let long = try await fixture.tenant(
                "Long", limits: TenantLimits(overrides: [.logRetentionDays: 5]))
            let (brief, kept) = (try await fixture.bot(in: short), try await fixture.bot(in: long))
            for age in [2, 3, 5, 6] {
                try await fixture.day(before: age)
                try await fixture.log(Int64(age), before: age, of: brief)
                try await fixture.log(Int64(age), before: age, of: kept)
            }

            await fixture.retention().pass(today: .now)

            #expect(try await fixture.updates(of: brief) == [2])
            #expect(try await fixture.updates(of: kept) == [2, 3, 5])
            #expect(
                try await fixture.count("SELECT count(to_regclass('update_log_' || \(pastDay(before: 6))))")
                    == 0)
        }
    }

    @Test("Before there is any tenant, old days go by the node's setting")
    func noTenant() async throws {
        try await Fixture.with { fixture in
            for age in [2, 5] { try await fixture.day(before: age) }

            await fixture.retention(RetentionDays(log: 3)).pass(today: .now)

            #expect(try await fixture.hasDay(before: 2))
            #expect(try await !fixture.hasDay(before: 5))
        }
    }

    @Test(
        "Without a limit of its own, or with one that is lifted or not understood, the node's setting counts")
    func setting() async throws {
        try await Fixture.with { fixture in
            let tenants = [
                try await fixture.tenant(limits: TenantLimits()),
                try await fixture.tenant("Lifted", limits: TenantLimits(overrides: [.logRetentionDays: nil])),
                try await fixture.tenant("Odd", limits: TenantLimits()),
            ]
            try await fixture.tamper(
                #"UPDATE tenant SET limits = '{"log_retention_days": 1.5}' WHERE id = \#(tenants[2].id)"#)
            for age in [3, 4] { try await fixture.day(before: age) }
            for tenant in tenants {
                let bot = try await fixture.bot(in: tenant)
                for age in [3, 4] { try await fixture.log(Int64(age), before: age, of: bot) }
            }

            await fixture.retention(RetentionDays(log: 3)).pass(today: .now)

            #expect(try await fixture.count("SELECT count(*) FROM update_log WHERE update_id = 3") == 3)
            #expect(try await fixture.count("SELECT count(*) FROM update_log WHERE update_id = 4") == 0)
        }
    }

    @Test("Attempts and dead letters go by their own age; what retries or holds its lane stays")
    func others() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await fixture.deadLetters(4)
            try await fixture.tamper(
                "UPDATE delivery SET updated_at = now() - interval '40 days' WHERE position <> 4")
            try await fixture.tamper("UPDATE delivery SET status = 'retrying' WHERE position = 2")
            try await fixture.tamper("UPDATE delivery SET is_parking = true WHERE position = 3")
            try await fixture.day(before: 9, of: "delivery_attempt")
            try await fixture.tamper(
                """
                INSERT INTO delivery_attempt (tenant_id, consumer_id, day, position, update_id, attempt, duration_ms, at)
                SELECT \(consumer.bot.tenant), \(consumer.id), \(pastDay(before: 9))::text::date, 1, 1, 1, 1, now()
                """)
            let kept = fixture.retention(RetentionDays(attempts: 9, deadLetters: 41))
            let gone = fixture.retention(RetentionDays(attempts: 8, deadLetters: 39))

            await kept.pass(today: .now)
            let before = try await fixture.count("SELECT count(*) FROM delivery_attempt")
            let rowsBefore = try await fixture.count("SELECT count(*) FROM delivery")
            await gone.pass(today: .now)

            #expect(before == 1 && rowsBefore == 4)
            #expect(try await fixture.count("SELECT count(*) FROM delivery_attempt") == 0)
            #expect(try await fixture.positions(consumer, "dead") == [3, 4])
            #expect(try await fixture.positions(consumer, "retrying") == [2])
        }
    }

    @Test("Much goes in batches, and nothing of another day with it")
    func batches() async throws {
        try await Fixture.with { fixture in
            let short = try await fixture.tenant(limits: TenantLimits(overrides: [.logRetentionDays: 2]))
            _ = try await fixture.tenant("Long", limits: TenantLimits(overrides: [.logRetentionDays: 5]))
            let bot = try await fixture.bot(in: short)
            try await fixture.day(before: 3)
            for (age, last) in [(3, Int64(2500)), (0, 20)] {
                try await fixture.tamper(
                    """
                    INSERT INTO update_log (tenant_id, bot_id, day, position, update_id, kind, lane, received_at, payload)
                    SELECT \(bot.tenant), \(bot.id), \(pastDay(before: age))::text::date, p, p, 'message', 'c1',
                        now() - \(Int32(age)) * interval '1 day', '{}' FROM generate_series(1, \(last)) AS p
                    """)
            }

            await fixture.retention().pass(today: .now)

            #expect(try await fixture.count("SELECT count(*) FROM update_log") == 20)
        }
    }

    @Test("While somebody reads a day that is to go, updates come in, and the day goes when he is done")
    func reader() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            try await fixture.day(before: 9)
            try await fixture.log(1, before: 9, of: bot)
            let appender = fixture.appender()
            let retention = fixture.retention()

            try await fixture.superuser.withConnection { connection in
                _ = try await connection.query("BEGIN")
                _ = try await connection.query("SELECT count(*) FROM update_log")
                let passing = Task(executorPreference: fixture.loop) { await retention.pass(today: .now) }
                for number: Int64 in 2...30 { try await appender.append(fixture.message(number, to: bot)) }
                await passing.value
                _ = try await connection.query("COMMIT")
            }
            let meanwhile = try await fixture.count("SELECT count(*) FROM update_log WHERE update_id = 1")
            await retention.pass(today: .now)

            #expect(meanwhile == 1)
            #expect(try await fixture.count("SELECT count(*) FROM update_log") == 29)
            #expect(try await fixture.count("SELECT count(*) FROM update_log WHERE update_id = 1") == 0)
        }
    }

    @Test("A dead letter that somebody retries at that very moment stays, and nobody waits for it")
    func retried() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await fixture.deadLetters(2)
            try await fixture.tamper("UPDATE delivery SET updated_at = now() - interval '40 days'")
            let retention = fixture.retention(RetentionDays(deadLetters: 39))

            try await fixture.superuser.withConnection { connection in
                _ = try await connection.query("BEGIN")
                try await connection.execute("UPDATE delivery SET status = 'retrying' WHERE position = 1")
                await retention.pass(today: .now)
                _ = try await connection.query("COMMIT")
            }

            #expect(try await fixture.positions(consumer, "retrying") == [1])
            #expect(try await fixture.positions(consumer, "dead") == [])
        }
    }

    @Test("Jobs and gaps are forgotten a month after their end")
    func jobs() async throws {
        try await Fixture.with { fixture in
            let (_, consumer) = try await fixture.deadLetters(1)
            try await fixture.retryDead(consumer)
            try await fixture.tamper(
                "UPDATE retry_job SET status = 'cancelled', finished_at = now() - interval '31 days'")
            let running = try await fixture.retryDead(consumer)
            let old = try await fixture.replay(consumer)
            try await fixture.tamper("UPDATE replay SET finished_at = now() - interval '31 days'")
            let recent = try await fixture.replay(consumer)

            await fixture.retention().pass(today: .now)

            #expect(try await fixture.count("SELECT count(*) FROM retry_job") == 1)
            #expect(try await fixture.find(running, of: consumer) != nil)
            #expect(try await fixture.find(old, of: consumer) == nil)
            #expect(try await fixture.find(recent, of: consumer) != nil)
            #expect(try await fixture.count("SELECT count(*) FROM consumer WHERE type = 'replay'") == 1)
        }
    }
}

/// As in 20260131, UTC.
func pastDay(before age: Int) -> String {
    String("\(Timestamp.now - .seconds(86_400 * age))".prefix(10)).replacing("-", with: "")
}

extension Fixture {
    func retention(_ days: RetentionDays = RetentionDays(), events: ConsumerEvents = .none) -> Retention {
        Retention(
            loop: loop, database: database, days: days, events: events, logger: logger,
            pause: .milliseconds(1))
    }

    /// Makes the partition of a past day.
    func day(before age: Int, of table: String = "update_log") async throws {
        let (from, to) = (pastDay(before: age), pastDay(before: age - 1))
        try await testDatabase.run(
            script: """
                CREATE TABLE IF NOT EXISTS \(table)_\(from) PARTITION OF \(table) FOR VALUES FROM ('\(from)') TO ('\(to)')
                """)
    }

    func hasDay(before age: Int) async throws -> Bool {
        try await count("SELECT count(to_regclass('update_log_' || \(pastDay(before: age))))") == 1
    }

    /// An update in the log of a past day. Its position is its id.
    func log(
        _ updateID: Int64, before age: Int, of bot: Bot, kind: String = "message", deadline: Timestamp? = nil
    ) async throws {
        try await tamper(
            """
            INSERT INTO update_log (tenant_id, bot_id, day, position, update_id, kind, lane, deadline, received_at,
                payload)
            SELECT \(bot.tenant), \(bot.id), \(pastDay(before: age))::text::date, \(updateID), \(updateID), \(kind),
                'c1', \(deadline), now() - \(Int32(age)) * interval '1 day', '{}'
            """)
    }

    func updates(of bot: Bot) async throws -> [Int64] {
        try await superuser.withConnection { connection in
            try await connection.values(
                "SELECT update_id FROM update_log WHERE bot_id = \(bot.id) ORDER BY update_id", as: Int64.self
            )
        }
    }
}
