import Auth
import Platform
import Sandbox
import Tenancy

/// Makes or finds the demo's parts, each only when it is missing.
struct DevDemoMaker: Sendable {
    private static let patience = Duration.seconds(20)
    private static let username = "rookery_demo_bot"

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
        let result: Result<DevDemo.Trace, DevDemo.NoAnswer>
        do {
            result = .success(try await trace(of: bot, app, answered))
        } catch {
            try Task.checkCancellation()
            result = .failure(error as? DevDemo.NoAnswer ?? DevDemo.NoAnswer("\(error)"))
        }
        return DevDemo(
            bot: bot, secrets: secrets, consumer: consumer, signingSecret: signingSecret,
            receiver: receiver, result: result)
    }

    /// Has a user write to the bot, and waits for the answer.
    private func trace(
        of bot: Bot, _ app: App, _ answered: Answered<DevReceiver.Reception>
    ) async throws -> DevDemo.Trace {
        try await known(bot, in: app.directory)
        let now = try await app.bots.connectors[0].refresh(bot.key)
        guard let now, now.0.transport != .none else {
            throw DevDemo.NoAnswer(now?.1.reason ?? "the bot gets no updates")
        }
        let happening = try await sandbox.sandbox.write(
            "hello", to: bot.telegramID, user: DevDemo.user, firstName: "Ada")
        let reception = try await answered.first(within: Self.patience, on: loop) {
            $0.updateID == happening.updateID
        }
        guard let reception else { throw Self.late }
        return try await trace(reception, of: bot)
    }

    private static var late: DevDemo.NoAnswer {
        DevDemo.NoAnswer("there was no answer within \(patience.components.seconds) s; the log may say why")
    }

    private func bot(of tenant: Tenant) async throws -> (Bot, Bot.NewSecrets, BotToken) {
        let found = try await database.read(tenant.id) { tx -> (Bot, Bot.NewSecrets)? in
            // Its owner may have others by now.
            let bot = try await Bot.all(in: tx).first { $0.username == Self.username }
            guard let bot else { return nil }
            return try await bot.secrets(box: bots, in: tx).map { (bot, $0) }
        }
        if let (bot, secrets) = found, let token = BotToken(secrets.token) {
            return (bot, secrets, token)
        }
        let profile = try await sandbox.sandbox.addBot(
            username: Self.username, firstName: "Rookery demo")
        guard let token = BotToken(profile.token) else { throw BotConnector.InvalidToken() }
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
            guard ContinuousClock.now < deadline else { throw Self.late }
            try await loop.sleep(for: .milliseconds(10))
        }
    }

    private func trace(_ reception: DevReceiver.Reception, of bot: Bot) async throws -> DevDemo.Trace {
        let times = try await database.read(bot.tenant) { tx in
            try await UpdateLog.times(of: reception.updateID, of: bot.id, in: tx)
        }
        guard let times else { throw Self.late }
        return DevDemo.Trace(
            receivedAt: times.receivedAt, committedAt: times.committedAt, deliveredAt: reception.deliveredAt,
            answeredAt: reception.answeredAt)
    }
}
