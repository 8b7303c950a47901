import Platform
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

@Suite("The importer of bots", .timeLimit(.minutes(10)))
struct BotImporterTests {
    @Test("Every bot is connected with the import's settings, and no token is kept")
    func connects() async throws {
        try await ImportRun.with { run in
            let tenant = try await run.fixture.tenant()
            let profiles = try await run.profiles(20)
            let batch = try await run.create(profiles.map(\.token), in: tenant)
            #expect(try await run.tokensKept() == 20)

            try await run.importing {
                let items = try await run.finished(batch)

                #expect(items.allSatisfy { $0.status == .registered && $0.bot != nil && $0.fault == nil })
                #expect(items.map(\.telegramID) == profiles.map(\.telegramID))
            }

            let bots = try await run.bots(of: tenant)
            #expect(bots.count == 20)
            #expect(bots.allSatisfy { $0.transport == .webhook && $0.webhook.maxConnections == 7 })
            #expect(try await run.tokensKept() == 0)
            let done = try await run.find(batch)
            #expect(done.registered == 20 && done.waiting == 0)
            #expect(run.run.recorded.all == Array(repeating: .imported(batch.id), count: 20))
        }
    }

    @Test("What cannot be connected fails by itself, with the reason")
    func failures() async throws {
        try await ImportRun.with { run in
            let tenant = try await run.fixture.tenant()
            let known = try await run.run.newBot(.polling)
            let profiles = try await run.profiles(3)
            let unknown = "4242:\(String(repeating: "x", count: 35))"
            let foreign = BotToken(profiles[1].token)!
            _ = try await run.run.connector.telegram.setWebhook(
                WebhookSettings(url: "https://elsewhere.test/hook"), token: foreign)
            let refusal = BotAPIRefusal(status: 400, description: "Bad Request: bad webhook: no")
            _ = try await run.sandbox.setFault(
                SandboxFault(method: "setwebhook", kind: .error(refusal), remaining: nil),
                of: profiles[2].telegramID)
            let token = try await run.sandbox.profile(of: known.telegramID).token
            let batch = try await run.create(
                [profiles[0].token, unknown, token, profiles[1].token, profiles[2].token], in: tenant)

            try await run.importing {
                let items = try await run.finished(batch)

                #expect(
                    items.map(\.fault?.code) == [
                        nil, "invalid_token", "bot_already_registered", "webhook_conflict",
                        "telegram_refused",
                    ])
                #expect(items[3].fault?.detail.contains("elsewhere.test") == true)
                #expect(items.map { $0.bot != nil } == [true, false, false, false, false])
            }

            let done = try await run.find(batch)
            #expect(done.registered == 1 && done.failed == 4)
            #expect(try await run.bots(of: tenant).map(\.telegramID) == [profiles[0].telegramID])
            #expect(try await run.tokensKept() == 0)
        }
    }

    @Test("When Telegram asks one to wait, all wait")
    func waits() async throws {
        try await ImportRun.with { run in
            let tenant = try await run.fixture.tenant()
            let profiles = try await run.profiles(40)
            let limit = SandboxFault.Kind(
                name: "429", retryAfter: 2, description: nil, seconds: nil, migrateTo: nil)!
            _ = try await run.sandbox.setFault(
                SandboxFault(method: "getme", kind: limit, remaining: 1), of: profiles[0].telegramID)
            let batch = try await run.create(profiles.map(\.token), in: tenant, mode: .polling)

            try await run.importing(perMinute: 3000) {
                let items = try await run.finished(batch)

                #expect(items.allSatisfy { $0.status == .registered })
            }

            let calls = try await run.sandbox.calls(of: profiles[0].telegramID, method: "getMe")
            #expect(calls.map(\.status) == [429, 200])
            let answered = try #require(calls.first?.at)
            // What had begun when the answer came was not to be stopped.
            let last = try await run.sandbox.calls(of: profiles[39].telegramID, method: "getMe")
            #expect(try #require(last.first?.at) - answered >= .seconds(2))
        }
    }

    @Test("A bot that Telegram could not be asked about is tried again")
    func triesAgain() async throws {
        try await ImportRun.with { run in
            let tenant = try await run.fixture.tenant()
            let profiles = try await run.profiles(1)
            let outage = BotAPIRefusal(status: 502, description: "Bad Gateway")
            _ = try await run.sandbox.setFault(
                SandboxFault(method: "getme", kind: .error(outage), remaining: 1), of: profiles[0].telegramID)
            let batch = try await run.create([profiles[0].token], in: tenant)

            try await run.importing {
                let items = try await run.finished(batch)

                #expect(items[0].status == .registered)
            }
        }
    }

    @Test("One that died after storing a bot is followed by one that goes on with it")
    func goesOn() async throws {
        try await ImportRun.with { run in
            let tenant = try await run.fixture.tenant()
            let stored = try await run.run.newBot(.webhook, in: tenant)
            let token = try await run.sandbox.profile(of: stored.telegramID).token
            let batch = try await run.create([token], in: tenant)
            try await run.fixture.tamper(
                "UPDATE bot_import_item SET bot_id = \(stored.id), attempts = 1 WHERE import_id = \(batch.id)"
            )

            try await run.importing {
                let items = try await run.finished(batch)

                #expect(items[0].bot == stored.id && items[0].status == .registered)
            }

            #expect(try await run.bots(of: tenant).map(\.transport) == [.webhook])
        }
    }

    @Test("A bot that the database fails leaves those that are under way alone")
    func databaseError() async throws {
        try await ImportRun.with { run in
            // Of each tenant a few are begun with; together they are more than are under way at a time.
            var batches: [BotImport] = []
            for _ in 0..<3 {
                let tokens = try await run.profiles(8).map(\.token)
                batches.append(try await run.create(tokens, in: run.fixture.tenant(), mode: .polling))
            }
            try await run.fixture.tamper(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$
                """)
            let literal = SQL(trusted: "'\(batches[0].id.uuid)'")
            try await run.fixture.tamper(
                """
                CREATE TRIGGER refuse BEFORE UPDATE ON bot_import_item FOR EACH ROW
                    WHEN (OLD.import_id = \(literal) AND OLD.place = 0) EXECUTE FUNCTION refuse()
                """)

            try await run.importing {
                // One that was cut off would begin again in two minutes.
                try await run.fixture.eventually("the others' end", within: .seconds(60)) {
                    try await run.fixture.count(
                        "SELECT count(*) FROM bot_import_item WHERE status = 'registered'") == 23
                }
            }

            #expect(try await run.items(batches[0])[0].status == .waiting)
        }
    }

    @Test("A token that the master key does not open waits for the right one")
    func wrongKey() async throws {
        try await ImportRun.with { run in
            let tenant = try await run.fixture.tenant()
            let batch = try await run.create(run.profiles(1).map(\.token), in: tenant)
            try await run.fixture.tamper(
                "ALTER TABLE bot_import_item ADD COLUMN kept bytea")
            try await run.fixture.tamper(
                "UPDATE bot_import_item SET kept = token_sealed, token_sealed = '\\x00', attempts = 19")

            try await run.importing {
                try await run.fixture.eventually("a try") {
                    try await run.fixture.count(
                        "SELECT count(*) FROM bot_import_item WHERE next_attempt_at > now() + interval '5 minutes'"
                    ) == 1
                }
                #expect(try await run.items(batch).map(\.status) == [.waiting])
                try await run.fixture.tamper(
                    "UPDATE bot_import_item SET token_sealed = kept, next_attempt_at = now()")
                let items = try await run.finished(batch)

                #expect(items.map(\.status) == [.registered])
            }
        }
    }

    @Test("A bot that cannot be kept is locked after its import, as by whoever deletes the tenant")
    func lockOrder() async throws {
        try await ImportRun.with { run in
            let tenant = try await run.fixture.tenant()
            let stored = try await run.run.newBot(.webhook, in: tenant)
            let token = try await run.sandbox.profile(of: stored.telegramID).token
            let batch = try await run.create([token], in: tenant)
            let registration = run.registration
            let claimed = try await registration.claim(.init(tenant: tenant.id, batch: batch.id, place: 0))
            let attempt = try #require(claimed)
            try await run.fixture.tamper(
                "UPDATE bot_import_item SET bot_id = \(stored.id) WHERE import_id = \(batch.id)")

            let isFree = try await run.fixture.isFree(
                "bot WHERE id = \(stored.id)", whileHolding: "bot_import WHERE id = \(batch.id)"
            ) { try await registration.fail(attempt, BotConnector.InvalidToken()) }

            #expect(isFree)
            #expect(try await run.items(batch).map(\.status) == [.failed])
        }
    }

    @Test("Tenants take turns, however many bots each brings")
    func turns() async throws {
        try await ImportRun.with { run in
            let (large, small) = (try await run.fixture.tenant(), try await run.fixture.tenant())
            let profiles = try await run.profiles(32)
            _ = try await run.create(profiles.prefix(30).map(\.token), in: large)
            _ = try await run.create(profiles.suffix(2).map(\.token), in: small)

            let due = try await run.fixture.database.job { tx in
                try await ImportAttempt.due(64, ofEach: 8, in: tx)
            }

            #expect(due.count == 10)
            #expect(Set(due.prefix(4).map(\.tenant)) == [large.id, small.id])
            #expect(due.filter { $0.tenant == large.id }.map(\.place) == Array(0..<8))
        }
    }

    @Test("When more tenants wait than can be taken at once each has its turn")
    func turnsOfManyTenants() async throws {
        try await ImportRun.with { run in
            var tenants: Set<ID<Tenant>> = []
            for profile in try await run.profiles(3) {
                let tenant = try await run.fixture.tenant()
                _ = try await run.create([profile.token], in: tenant)
                tenants.insert(tenant.id)
            }

            var begun: Set<ID<Tenant>> = []
            for _ in 0..<100 where begun.count < 3 {
                let due = try await run.fixture.database.job { tx in
                    try await ImportAttempt.due(1, ofEach: 8, in: tx)
                }
                begun.formUnion(due.map(\.tenant))
            }

            #expect(begun == tenants)
        }
    }

    @Test("What waits is wiped when an import is cancelled, and when its tenant is deleted")
    func cancelled() async throws {
        try await ImportRun.with { run in
            let (first, second) = (try await run.fixture.tenant(), try await run.fixture.tenant())
            let tokens = try await run.profiles(4).map(\.token)
            let batch = try await run.create(Array(tokens.prefix(2)), in: first)
            let orphan = try await run.create(Array(tokens.suffix(2)), in: second)

            let after = try await run.fixture.database.write(first.id) { tx in
                try await BotImport.cancel(batch.id, in: tx)
            }
            try await run.fixture.database.write(second.id) { tx in
                try await Tenant.locked(in: tx)?.delete(in: tx)
            }

            #expect(after?.status == .cancelled && after?.waiting == 0)
            #expect(try await run.items(batch).allSatisfy { $0.status == .cancelled })
            #expect(try await run.items(orphan).allSatisfy { $0.status == .cancelled })
            #expect(try await run.tokensKept() == 0)
        }
    }

    @Test("Bots begin one after the other at the pace, and those connected otherwise count for the hour")
    func pace() async throws {
        try await ImportRun.with { run in
            let tenant = try await run.fixture.tenant()
            // 36 an hour, of which 34 are gone.
            for _ in 0..<34 { _ = try await run.fixture.bot(in: tenant) }
            let shown = try await run.fixture.database.job { tx in
                try await OnboardingPace.shownLately(in: tx)
            }

            let pace = OnboardingPace(perMinute: 1)

            #expect(shown == 34)
            #expect(pace.perHour - shown == 2)
            #expect(pace.interval == .seconds(60))
            #expect(OnboardingPace(perMinute: 15).time(for: 540) == .seconds(2160))
            #expect(OnboardingPace(perMinute: 15).time(for: 1000) == .seconds(3600 + 460 * 4))
        }
    }
}
