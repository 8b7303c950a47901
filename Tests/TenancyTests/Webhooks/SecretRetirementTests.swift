import Platform
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

@Suite("Retiring webhook secrets", .timeLimit(.minutes(10)))
struct SecretRetirementTests {
    @Test("Older secrets end some time after the newest was used, and not before")
    func retires() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook, webhookSecret: "old")
            let directory = BotDirectory(tenants: TenantDirectory())
            let refresh = run.refresh(directory)
            try await run.rotate(bot, to: "new")
            try await refresh.refresh()
            let patient = run.retirement(directory, grace: .seconds(3600))
            let hasty = run.retirement(directory, grace: .zero)
            func accepts(_ secret: String) -> Bool {
                directory.refusal(of: bot.id, secret: secret, isAddressAllowed: true) == nil
            }

            _ = directory.admit(bot.id, secret: "old", isAddressAllowed: true)
            try await hasty.pass()
            try await refresh.refresh()
            let unseen = accepts("old")
            _ = directory.admit(bot.id, secret: "new", isAddressAllowed: true)
            try await patient.pass()
            try await refresh.refresh()
            let seen = accepts("old")
            try await hasty.pass()
            try await refresh.refresh()

            #expect(unseen && seen)
            #expect(!accepts("old") && accepts("new"))
            #expect(run.recorded.all == [.secretsRetired])
        }
    }

    @Test("The use of a secret that is not the newest any more retires nothing")
    func overtaken() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook, webhookSecret: "first")
            let directory = BotDirectory(tenants: TenantDirectory())
            let refresh = run.refresh(directory)
            try await run.rotate(bot, to: "second")
            try await refresh.refresh()

            _ = directory.admit(bot.id, secret: "second", isAddressAllowed: true)
            try await run.rotate(bot, to: "third")
            try await run.retirement(directory, grace: .zero).pass()
            try await refresh.refresh()

            for secret in ["first", "second", "third"] {
                #expect(directory.refusal(of: bot.id, secret: secret, isAddressAllowed: true) == nil)
            }
            #expect(run.recorded.all.isEmpty)
        }
    }
}

extension ConnectorRun {
    fileprivate func refresh(_ directory: BotDirectory) -> BotDirectoryRefresh {
        BotDirectoryRefresh(
            loop: fixture.loop, database: fixture.database, directory: directory, secrets: fixture.bots,
            logger: fixture.logger)
    }

    fileprivate func retirement(_ directory: BotDirectory, grace: Duration) -> SecretRetirement {
        SecretRetirement(
            loop: fixture.loop, database: fixture.database, directory: directory, secrets: fixture.bots,
            events: connector.events, logger: fixture.logger, grace: grace)
    }

    fileprivate func rotate(_ bot: Bot, to secret: String) async throws {
        try await fixture.database.write(bot.tenant) { tx in
            try await bot.addWebhookSecret(secret, box: fixture.bots, in: tx)
        }
    }
}
