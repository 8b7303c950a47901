import FoundationEssentials
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Tenancy

@Suite("Sealing secrets anew", .serialized, .timeLimit(.minutes(10)))
struct ReencryptionTests {
    /// With the fixture's key as the older one.
    private static func ring(_ fixture: Fixture) throws -> (both: SecretBox, newest: SecretBox) {
        let key = "new:" + Base64.encode(Random.bytes(32))
        return (
            SecretBox(keyRing: try KeyRing("\(key),\(fixture.masterKey)")),
            SecretBox(keyRing: try KeyRing(key))
        )
    }

    private static func reencryption(_ fixture: Fixture, _ box: SecretBox) -> Reencryption {
        Reencryption(
            loop: fixture.loop, database: fixture.database, box: box,
            trail: AuditTrail(database: fixture.database, box: box))
    }

    private static func uses(_ reencryption: Reencryption) async throws -> [String] {
        var uses: [String] = []
        for column in Reencryption.columns {
            for (key, count) in try await reencryption.keys(of: column).sorted(by: { $0.key < $1.key }) {
                uses.append("\(column.name) \(key) \(count)")
            }
        }
        return uses
    }

    @Test("The newest key alone opens everything afterwards, and nothing else of the rows has changed")
    func everything() async throws {
        try await SignedIn.with { person in
            let fixture = person.fixture
            let bot = try await fixture.bot(in: person.tenant, secret: "crow")
            let consumer = try await fixture.consumer(
                of: bot, url: "https://example.org", telegramSecret: "jackdaw")
            let renewed = try #require(try await person.renew(person.grant.refreshToken))
            let (both, newest) = try Self.ring(fixture)
            let reencryption = Self.reencryption(fixture, both)
            let before = try await Self.uses(reencryption)

            let count = try await reencryption.run()

            #expect(before.count == 7 && before.allSatisfy { $0.hasSuffix(" test 1") })
            #expect(count == 7)
            #expect(
                try await Self.uses(reencryption) == before.map { $0.replacing(" test 1", with: " new 1") })
            let secrets = try await fixture.database.read(bot.tenant) { tx in
                try await bot.secrets(box: BotSecrets(box: newest), in: tx)
            }
            #expect(
                secrets?.webhookSecret == "crow" && secrets?.token.hasPrefix("\(bot.telegramID):") == true)
            let again = try await fixture.database.read(bot.tenant) { try await Bot.find(bot.id, in: $0) }
            #expect(again?.updatedAt == bot.updatedAt)
            let target = try await Self.telegramSecret(of: consumer, fixture)
            #expect(
                try ConsumerSecrets(box: newest).open(target, .telegramSecret, of: consumer.id, bot.tenant)
                    == "jackdaw")
            // Signs with the same keys, and gives the same successor again.
            let credentials = Auth.Credentials(issuer: "urn:test", box: newest, logger: fixture.logger)
            let trail = AuditTrail(database: fixture.database, box: newest)
            try await CredentialUpkeep(
                loop: fixture.loop, database: fixture.database, credentials: credentials, trail: trail,
                logger: fixture.logger
            ).refresh()
            let caller = try await Authenticator(credentials: credentials, database: fixture.database)
                .caller(of: person.grant.accessToken, from: IPAddress("192.0.2.1")!)
            #expect(caller.account == person.account.id)
            let sessions = Sessions(
                tokens: credentials.tokens, box: newest, trail: trail)
            let repeated = try await fixture.database.writePlatform { tx in
                try await sessions.renew(person.grant.refreshToken, from: .commandLine, in: tx)
            }
            guard case .granted(let grant) = repeated else {
                Issue.record("the successor was not given again")
                return
            }
            #expect(grant.refreshToken == renewed.refreshToken)
            let report = try await AuditVerification.run(
                fixture.superuser, blocking: fixture.blocking, expecting: .init(), box: newest)
            #expect(report.isIntact && report.events > 0)
        }
    }

    @Test("A second run finds nothing to do, and the trail names the first one only")
    func again() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            for _ in 0..<3 { _ = try await fixture.bot(in: tenant) }
            let reencryption = Self.reencryption(fixture, try Self.ring(fixture).both)

            let counts = [try await reencryption.run(), try await reencryption.run()]

            // A token and a webhook secret each. The audit trail's key is sealed with the newest one from the beginning.
            #expect(counts == [6, 0])
            let events = try await fixture.superuser.withConnection { connection in
                try await connection.values(
                    "SELECT actor_type || ' ' || changes FROM audit_event WHERE action = 'secrets.reencrypt'",
                    as: String.self)
            }
            #expect(events == [#"operator {"key":{"from":null,"to":"new"}}"#])
        }
    }

    @Test("More rows than a page holds, arrays, and rows of which some secrets are of the newest key")
    func pages() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let (both, newest) = try Self.ring(fixture)
            for _ in 0..<150 {
                let bot = try await fixture.bot(in: tenant)
                let secret = try BotSecrets(box: both).seal("daw", .webhookSecret, of: bot.id, tenant.id)
                try await fixture.run(
                    "UPDATE bot SET webhook_secrets = array_prepend(\(secret), webhook_secrets) WHERE id = \(bot.id)"
                )
            }
            let reencryption = Self.reencryption(fixture, both)

            let count = try await reencryption.run()

            #expect(count == 300)
            #expect(
                try await Self.uses(reencryption).prefix(2) == [
                    "bot.token_sealed new 150", "bot.webhook_secrets new 300",
                ])
            let bots = try await fixture.database.read(tenant.id) { try await Bot.all(in: $0) }
            let sealed = try await fixture.superuser.withConnection { connection in
                try await connection.values(
                    "SELECT webhook_secrets FROM bot ORDER BY id", as: [[UInt8]].self)
            }
            let opened = try zip(bots, sealed).map { bot, secrets in
                try secrets.map {
                    try BotSecrets(box: newest).open($0, .webhookSecret, of: bot.id, tenant.id)
                }
            }
            #expect(opened.count == 150 && opened.allSatisfy { $0 == ["daw", "crow"] })
        }
    }

    @Test("A token that waits in an import opens with the newest key alone, too")
    func imports() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let token = try #require(BotToken("1:" + String(repeating: "t", count: 35)))
            let item = BotImportItem.Key(tenant: tenant.id, batch: ID(), place: 7)
            let sealed = try ImportSecrets(fixture.box).seal(token, of: item)
            try await fixture.run(
                """
                INSERT INTO bot_import (tenant_id, id, mode, total, created_by)
                VALUES (\(tenant.id), \(item.batch), 'webhook', 8, 'admin_test')
                """)
            try await fixture.run(
                """
                INSERT INTO bot_import_item (tenant_id, import_id, place, telegram_id, token_sealed)
                VALUES (\(tenant.id), \(item.batch), 7, 1, \(sealed))
                """)
            let (both, newest) = try Self.ring(fixture)

            let count = try await Self.reencryption(fixture, both).run()

            let resealed = try await fixture.superuser.withConnection { connection in
                try await connection.value("SELECT token_sealed FROM bot_import_item", as: [UInt8].self)
            }
            #expect(count == 1)
            #expect(ImportSecrets(newest).open(resealed ?? [], of: item)?.secret == token.secret)
        }
    }

    @Test("A row that somebody changes meanwhile keeps the change, and is sealed anew after it")
    func concurrentChange() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let (bot, other) = (try await fixture.bot(in: tenant), try await fixture.bot(in: tenant))
            let (both, newest) = try Self.ring(fixture)
            let isHeld = Happenings<Bool>()
            let told = Happenings<String>()
            let replacement = try fixture.bots.seal("daw", .webhookSecret, of: bot.id, tenant.id)

            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask(executorPreference: fixture.loop) {
                    try await fixture.database.write(tenant.id) { tx in
                        try await tx.execute(
                            """
                            UPDATE bot SET webhook_secrets = \([replacement])
                            WHERE tenant_id = \(tx.tenant) AND id = \(bot.id)
                            """)
                        isHeld.add(true)
                        // The other bot's token is sealed anew while this row is held.
                        try await fixture.eventually("the other bot's", within: .seconds(30)) {
                            told.all.contains("bot.token_sealed 1")
                        }
                    }
                }
                try await fixture.eventually("the change", within: .seconds(30)) { !isHeld.all.isEmpty }
                let count = try await Self.reencryption(fixture, both).run { told.add("\($0.name) \($1)") }
                try await group.waitForAll()

                #expect(count == 4)
            }

            for (bot, secret) in [(bot, "daw"), (other, "crow")] {
                let secrets = try await fixture.database.read(tenant.id) { tx in
                    try await bot.secrets(box: BotSecrets(box: newest), in: tx)
                }
                #expect(secrets?.webhookSecret == secret)
            }
        }
    }

    @Test("A secret that no key of the ring opens is left as it is, and all others are sealed anew")
    func unreadable() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let lost = try await fixture.bot(in: tenant)
            _ = try await fixture.bot(in: tenant)
            let stranger = SecretBox(keyRing: try KeyRing("lost:" + Base64.encode(Random.bytes(32))))
            let sealed = try BotSecrets(box: stranger).seal("t", .token, of: lost.id, tenant.id)
            try await fixture.run("UPDATE bot SET token_sealed = \(sealed) WHERE id = \(lost.id)")
            let reencryption = Self.reencryption(fixture, try Self.ring(fixture).both)

            let count = try await reencryption.run()

            #expect(count == 3)
            #expect(
                try await Self.uses(reencryption).prefix(3) == [
                    "bot.token_sealed lost 1", "bot.token_sealed new 1", "bot.webhook_secrets new 2",
                ])
        }
    }

    @Test(
        "Every column whose name says that it is sealed is sealed anew, but for what is deleted within a day")
    func columns() async throws {
        try await Fixture.with { fixture in
            let sealed = try await fixture.superuser.withConnection { connection in
                try await connection.values(
                    """
                    SELECT table_name || '.' || column_name FROM information_schema.columns
                    WHERE table_schema = 'public' AND data_type IN ('bytea', 'ARRAY')
                        AND (column_name LIKE '%sealed' OR column_name = 'webhook_secrets')
                    """, as: String.self)
            }

            let known = Reencryption.columns + [Reencryption.answers]
            #expect(Set(sealed) == Set(known.map(\.name)))
        }
    }

    private static func telegramSecret(of consumer: Consumer, _ fixture: Fixture) async throws -> [UInt8] {
        try await fixture.superuser.withConnection { connection in
            try await connection.value(
                "SELECT telegram_secret_sealed FROM consumer WHERE id = \(consumer.id)", as: [UInt8].self)
        } ?? []
    }
}
