import Auth
import Platform
import Sandbox
import Tenancy

/// Makes or finds the demo's parts, each only when it is missing.
struct DevDemoMaker: Sendable {
    struct NoAnswer: Error, CustomStringConvertible {
        var description: String { "the demo's message was not answered within 20 s; the log may say why" }
    }

    private static let patience = Duration.seconds(20)

    private let database: Database
    private let operatorBots: OperatorBots
    private let telegram: BotAPIClient
    private let sandbox: LocalSandbox
    private let bots: BotSecrets
    private let consumers: ConsumerSecrets
    private let trail: AuditTrail
    private let runtime: Runtime
    private let loop: EventLoop

    init(settings: Settings, sandbox: LocalSandbox, runtime: Runtime) async throws {
        let loop = runtime.loops[0]
        self.loop = loop
        self.runtime = runtime
        self.sandbox = sandbox
        let box = SecretBox(keyRing: settings.masterKey)
        bots = BotSecrets(box: box)
        consumers = ConsumerSecrets(box: box)
        database = try DatabasePools.make(settings, loop: loop, runtime: runtime)
        trail = AuditTrail(database: database, box: box)
        operatorBots = try await OperatorBots(settings: settings, runtime: runtime)
        telegram = BotAPIClient(
            client: try await loop.run {
                try HTTPClient(loop: loop, addressGuard: AddressGuard(allowsPrivate: true))
            },
            baseURL: settings.telegramAPIURL)
    }

    /// Must run on the first loop.
    func make(app: App, for tenant: Tenant) async throws -> DevDemo {
        let (bot, secrets, token) = try await bot(of: tenant)
        let answered = Answered<DevReceiver.Reception>()
        let (consumer, signingSecret) = try await consumer(of: bot)
        let receiver = try await DevReceiver(
            signer: try WebhookSigner(secrets: [signingSecret]), token: token, telegram: telegram,
            runtime: runtime, onAnswered: answered.put)
        try await database.write(tenant.id) { tx in try await consumer.setURL(receiver.url, in: tx) }
        try await known(bot, in: app.directory)
        _ = try await app.bots.connectors[0].refresh(bot.key)
        let happening = try await sandbox.sandbox.write(
            "hello", to: bot.telegramID, user: DevDemo.user, firstName: "Ada")
        guard
            let reception = try await answered.first(
                within: Self.patience, on: loop,
                where: {
                    $0.updateID == happening.updateID
                })
        else { throw NoAnswer() }
        let trace = try await trace(reception, of: bot)
        return DevDemo(
            bot: bot, secrets: secrets, consumer: consumer, signingSecret: signingSecret,
            receiver: receiver, trace: trace)
    }

    private func bot(of tenant: Tenant) async throws -> (Bot, Bot.NewSecrets, BotToken) {
        let found = try await database.read(tenant.id) { tx -> (Bot, Bot.NewSecrets)? in
            guard let bot = try await Bot.all(in: tx).first else { return nil }
            return try await bot.secrets(box: bots, in: tx).map { (bot, $0) }
        }
        if let (bot, secrets) = found, let token = BotToken(secrets.token) {
            _ = try await sandbox.sandbox.addBot(token: secrets.token, username: bot.username)
            return (bot, secrets, token)
        }
        let profile = try await sandbox.sandbox.addBot(
            username: "rookery_demo_bot", firstName: "Rookery demo")
        guard let token = BotToken(profile.token) else { throw NoAnswer() }
        let (bot, secrets) = try await operatorBots.add(token, to: tenant.id)
        return (bot, secrets, token)
    }

    private func consumer(of bot: Bot) async throws -> (Consumer, signingSecret: String) {
        let made = WebhookSigner.makeSecret()
        return try await database.write(bot.tenant) { tx in
            if let known = try await Consumer.all(of: bot.id, in: tx).first,
                let secret = try await known.signingSecret(box: consumers, in: tx)
            {
                return (known, secret)
            }
            let consumer = try await Consumer.createPush(
                of: bot.id, name: "Demo receiver", url: "http://127.0.0.1:1/", signingSecret: made,
                telegramSecret: nil, box: consumers, in: tx)
            try await trail.record(
                AuditEvent(.consumerCreate, of: AuditTarget(consumer.id)), by: .operator, from: .commandLine,
                in: tx)
            return (consumer, made)
        }
    }

    /// Waits until the node has read the bot into its directory.
    private func known(_ bot: Bot, in directory: BotDirectory) async throws {
        let deadline = ContinuousClock.now + Self.patience
        while directory.tenant(of: bot.id) == nil {
            guard ContinuousClock.now < deadline else { throw NoAnswer() }
            try await loop.sleep(for: .milliseconds(10))
        }
    }

    private func trace(_ reception: DevReceiver.Reception, of bot: Bot) async throws -> DevDemo.Trace {
        let times = try await database.read(bot.tenant) { tx in
            try await UpdateLog.times(of: reception.updateID, of: bot.id, in: tx)
        }
        guard let times else { throw NoAnswer() }
        return DevDemo.Trace(
            receivedAt: times.receivedAt, committedAt: times.committedAt, deliveredAt: reception.deliveredAt,
            answeredAt: reception.answeredAt)
    }
}
