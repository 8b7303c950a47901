import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Bot directory refresh", .serialized, .timeLimit(.minutes(10)))
struct BotDirectoryRefreshTests {
    @Test("A bot is known after it was made, with its secret and its tenant's limit")
    func made() async throws {
        try await Fixture.with { fixture in
            let directory = BotDirectory(tenants: TenantDirectory())
            let refresh = fixture.refresh(directory)
            try await refresh.refresh()
            let tenant = try await fixture.tenant(
                limits: TenantLimits(overrides: [.ingestPerMinutePerBot: 1]))
            let bot = try await fixture.bot(in: tenant, secret: "crow")

            let before = directory.admit(bot.id, secret: "crow", isAddressAllowed: true)
            try await refresh.refresh()
            let after = directory.admit(bot.id, secret: "crow", isAddressAllowed: true)
            let limited = directory.admit(bot.id, secret: "crow", isAddressAllowed: true)

            #expect(before == .refused(.unknownBot))
            #expect(after == .admitted(tenant: tenant.id))
            if case .limited = limited {} else { Issue.record("\(limited)") }
        }
    }

    @Test("Secrets that are added and taken away count at the next look")
    func rotation() async throws {
        try await Fixture.with { fixture in
            let directory = BotDirectory(tenants: TenantDirectory())
            let refresh = fixture.refresh(directory)
            let bot = try await fixture.bot(in: fixture.tenant(), secret: "old")
            let new = try fixture.bots.seal("new", .webhookSecret, of: bot.id, bot.tenant)

            try await fixture.tamper(
                "UPDATE bot SET webhook_secrets = \([new]) || webhook_secrets, updated_at = now()")
            try await refresh.refresh()
            let both = ["new", "old"].map { directory.admit(bot.id, secret: $0, isAddressAllowed: true) }
            try await fixture.tamper("UPDATE bot SET webhook_secrets = \([new]), updated_at = now()")
            try await refresh.refresh()
            let one = ["new", "old"].map { directory.admit(bot.id, secret: $0, isAddressAllowed: true) }

            #expect(both == [.admitted(tenant: bot.tenant), .admitted(tenant: bot.tenant)])
            #expect(one == [.admitted(tenant: bot.tenant), .refused(.wrongSecret)])
        }
    }

    @Test("A secret that was sealed for another bot does not open for this one")
    func movedSecret() async throws {
        try await Fixture.with { fixture in
            let directory = BotDirectory(tenants: TenantDirectory())
            let tenant = try await fixture.tenant()
            let bot = try await fixture.bot(in: tenant, secret: "mine")
            let thief = try await fixture.bot(in: tenant, secret: "theirs")

            try await fixture.tamper(
                """
                UPDATE bot SET webhook_secrets = (SELECT webhook_secrets FROM bot WHERE id = \(bot.id))
                WHERE id = \(thief.id)
                """)
            try await fixture.refresh(directory).refresh()

            #expect(
                directory.admit(thief.id, secret: "mine", isAddressAllowed: true) == .refused(.wrongSecret))
            #expect(
                directory.admit(bot.id, secret: "mine", isAddressAllowed: true)
                    == .admitted(tenant: tenant.id))
        }
    }

    @Test("A deleted bot is unknown")
    func deleted() async throws {
        try await Fixture.with { fixture in
            let directory = BotDirectory(tenants: TenantDirectory())
            let refresh = fixture.refresh(directory)
            let bot = try await fixture.bot(in: fixture.tenant())
            try await refresh.refresh()
            let before = directory.count

            try await fixture.tamper(
                """
                UPDATE bot SET status = 'deleted', token_sealed = NULL, webhook_secrets = '{}', updated_at = now()
                """)
            try await refresh.refresh()

            #expect(before == 1 && directory.count == 0)
            #expect(directory.admit(bot.id, secret: "crow", isAddressAllowed: true) == .refused(.unknownBot))
        }
    }

    @Test("A suspension is felt within the poll, however it was made, and so is its end")
    func suspension() async throws {
        try await Fixture.with { fixture in
            let directory = BotDirectory(tenants: TenantDirectory())
            let refresh = fixture.refresh(directory)
            let bot = try await fixture.bot(in: fixture.tenant())
            let running = Task(executorPreference: fixture.loop) { try await refresh.run() }
            func admission() -> BotDirectory.Admission {
                directory.admit(bot.id, secret: "crow", isAddressAllowed: true)
            }

            try await fixture.eventually("the bot") { admission() == .admitted(tenant: bot.tenant) }
            try await fixture.tamper("UPDATE tenant SET status = 'suspended'")
            try await fixture.eventually("the suspension") {
                admission() == .refused(.suspended)
            }
            try await fixture.tamper("UPDATE tenant SET status = 'active'")
            try await fixture.eventually("its end") {
                admission() == .admitted(tenant: bot.tenant)
            }

            #expect(BotDirectoryRefresh.interval <= .seconds(1))
            running.cancel()
            _ = await running.result
        }
    }

    @Test("More bots than one page are all read")
    func pages() async throws {
        try await Fixture.with { fixture in
            let directory = BotDirectory(tenants: TenantDirectory())
            let tenant = try await fixture.tenant()
            try await fixture.tamper(
                """
                INSERT INTO bot (tenant_id, id, telegram_id, name, mode)
                SELECT \(tenant.id), gen_random_uuid(), n, 'Bot', 'webhook' FROM generate_series(1, 4001) AS n
                """)

            try await fixture.refresh(directory).refresh()

            #expect(directory.count == 4001)
            #expect(directory.isLoaded)
        }
    }

    @Test("What is announced while all bots are read is known before they are")
    func announcedMeanwhile() async throws {
        try await Fixture.with { fixture in
            let directory = BotDirectory(tenants: TenantDirectory())
            let refresh = fixture.refresh(directory, pageSize: 1)
            let tenant = try await fixture.tenant()
            func insert(_ bot: ID<Bot>, _ number: Int64, age: SQL) -> SQL {
                """
                INSERT INTO bot (tenant_id, id, telegram_id, name, mode, updated_at)
                VALUES (\(tenant.id), \(bot), \(number), 'Bot', 'webhook', now() - interval '\(age)')
                """
            }
            let ids = (0..<5).map { _ in ID<Bot>() }.sorted { $0.suffix < $1.suffix }
            for number in 1...4 {
                try await fixture.tamper(insert(ids[number], Int64(number), age: "1 day"))
            }
            // Whoever reads the second bot waits for one lock, whoever reads the fourth for another.
            try await fixture.tamper(
                """
                ALTER POLICY bot_system ON bot USING (CASE telegram_id
                    WHEN 2 THEN pg_advisory_xact_lock_shared(2) IS NOT NULL
                    WHEN 4 THEN pg_advisory_xact_lock_shared(4) IS NOT NULL ELSE true END)
                """)

            let reading = try await fixture.superuser.transaction(nil, readOnly: false) { fourth in
                try await fourth.execute("SELECT pg_advisory_xact_lock(4)")
                let reading = try await fixture.superuser.transaction(nil, readOnly: false) { second in
                    try await second.execute("SELECT pg_advisory_xact_lock(2)")
                    let reading = Task(executorPreference: fixture.loop) { try await refresh.refresh() }
                    try await fixture.eventually("the first bot") { directory.count == 1 }
                    // Before the first, whose page is past.
                    try await second.execute(insert(ids[0], 5, age: "0"))
                    refresh.wake()
                    return reading
                }
                try await fixture.eventually("the new bot", within: .seconds(30)) {
                    directory.tenant(of: ids[0]) != nil
                }
                #expect(!directory.isLoaded)
                return reading
            }
            try await reading.value

            #expect(directory.count == 5)
        }
    }
}

extension Fixture {
    func refresh(_ directory: BotDirectory, pageSize: Int = 1000) -> BotDirectoryRefresh {
        BotDirectoryRefresh(
            loop: loop, database: database, directory: directory, secrets: bots, logger: logger,
            pageSize: pageSize)
    }
}
