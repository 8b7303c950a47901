import Platform
import Sandbox
import Tenancy

/// What `rookery dev` does about the bots of its life before, ere anything asks Telegram about them.
struct DevBots: Sendable {
    private let database: Database
    private let secrets: BotSecrets
    private let logger: Logger

    /// Must run on the first loop, as all of this.
    init(settings: Settings, runtime: Runtime) throws {
        database = try DatabasePools.make(settings, loop: runtime.loops[0], runtime: runtime)
        secrets = BotSecrets(box: SecretBox(keyRing: settings.masterKey))
        logger = runtime.logger
    }

    /// Gives back what a life that was killed had claimed.
    func release() async throws {
        try await database.writePlatform { tx in try await BotWork.releaseAll(in: tx) }
    }

    /// Makes the bots known to a sandbox, which forgets them when it ends: otherwise it would not know their tokens,
    /// and they would count as revoked.
    func add(to sandbox: Sandbox) async throws {
        let stored = try await database.readPlatform { tx in try await Bot.stored(box: secrets, in: tx) }
        for one in stored {
            do {
                _ = try await sandbox.addBot(
                    token: one.token.secret, username: one.bot.username, firstName: one.bot.name)
            } catch {
                logger.warning("the sandbox does not take a bot", ["bot": "\(one.bot.id)"])
            }
        }
    }

    func close() async { await database.close() }
}
