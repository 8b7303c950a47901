import Platform
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

@Suite("A webhook secret's rotation", .timeLimit(.minutes(10)))
struct SecretRotationTests {
    @Test(
        "Rotations that Telegram does not answer never push out the secret it uses; the reconciler ends them")
    func unanswered() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook, webhookSecret: "first")
            try await run.look(at: bot)
            try await run.fail("setWebhook", of: bot)

            for number in 1...4 {
                await #expect(throws: BotAPIError.self) {
                    try await run.rotate(bot, to: "rotated-\(number)")
                }
            }
            let accepted = try await run.acceptedSecrets(of: bot)
            try await run.telegram.sandbox.clearFaults(of: bot.telegramID)
            try await run.look(at: bot)

            #expect(accepted == ["rotated-1", "first"])
            #expect(try await run.secret(of: bot) == "rotated-1")
            #expect(try await run.standing(of: bot).webhook.secretSetAt != nil)
        }
    }

    @Test(
        "Secrets of its owner's choice that Telegram does not answer for are refused before the one in use goes"
    )
    func chosen() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook, webhookSecret: "first")
            try await run.look(at: bot)
            try await run.fail("setWebhook", of: bot)

            for number in 1...3 {
                await #expect(throws: BotAPIError.self) {
                    try await run.rotate(bot, to: "chosen-\(number)", wish: WebhookWish())
                }
            }
            await #expect(throws: Bot.TooManySecrets.self) {
                try await run.rotate(bot, to: "chosen-4", wish: WebhookWish())
            }

            #expect(try await run.acceptedSecrets(of: bot) == ["chosen-3", "chosen-2", "chosen-1", "first"])
        }
    }
}

extension ConnectorRun {
    fileprivate func rotate(_ bot: Bot, to secret: String, wish: WebhookWish? = nil) async throws {
        _ = try await connector.setWebhook(
            of: bot.key, to: wish, secret: BotConnector.NewSecret(secret) { _, _ in }
        ) { _, _, _ in }
    }

    /// Newest first.
    fileprivate func acceptedSecrets(of bot: Bot) async throws -> [String] {
        let secrets = fixture.bots
        return try await fixture.database.write(bot.tenant) { tx in
            let work = try await BotWork.claim(bot.id, box: secrets, in: tx)
            try await work?.release(in: tx)
            return work?.secrets ?? []
        }
    }

    fileprivate func secret(of bot: Bot) async throws -> String? {
        try await telegram.sandbox.state(of: bot.telegramID)["secret_token"]?.stringValue
    }
}
