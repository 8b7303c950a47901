import Platform
import TestSupport

@testable import Sandbox
@testable import Tenancy

/// The pollers of a node with one event loop, beside a stand-in for Telegram.
struct PollingRun: Sendable {
    let run: ConnectorRun
    let pollers: Pollers
    let leases = ShardLeases()
    private let directory: BotDirectory
    private let refresh: BotDirectoryRefresh
    private let client: HTTPClient
    private let tasks: [Task<Void, Never>]

    var fixture: Fixture { run.fixture }
    var sandbox: Sandbox { run.telegram.sandbox }

    /// - Parameter holdsShards: whether the node has all shards from the start.
    static func with(
        pace: PollPace = PollPace(), holdsShards: Bool = true,
        _ body: @escaping @Sendable (PollingRun) async throws -> Void
    ) async throws {
        try await ConnectorRun.with { run in
            try await PollingRun.with(run, pace: pace, holdsShards: holdsShards, body)
        }
    }

    static func with(
        _ run: ConnectorRun, pace: PollPace = PollPace(), holdsShards: Bool = true,
        _ body: @escaping @Sendable (PollingRun) async throws -> Void
    ) async throws {
        let polling = try PollingRun(run, pace, holdsShards)
        let result = await Task(executorPreference: run.fixture.loop) { try await body(polling) }.result
        await polling.stop()
        try result.get()
    }

    private init(_ run: ConnectorRun, _ pace: PollPace, _ holdsShards: Bool) throws {
        self.run = run
        let fixture = run.fixture
        let directory = BotDirectory(tenants: TenantDirectory())
        self.directory = directory
        let refresh = BotDirectoryRefresh(
            loop: fixture.loop, database: fixture.database, directory: directory, secrets: fixture.bots,
            logger: fixture.logger)
        self.refresh = refresh
        let client = try HTTPClient(loop: fixture.loop, addressGuard: AddressGuard(allowsPrivate: true))
        self.client = client
        let pollers = Pollers(
            loop: fixture.loop, share: LoopShare(0, of: 1), database: fixture.database, directory: directory,
            leases: leases, appender: fixture.appender(),
            telegram: BotAPIClient(client: client, baseURL: run.telegram.url), connector: run.connector,
            pace: pace, metrics: fixture.metrics, logger: fixture.logger)
        self.pollers = pollers
        tasks = [
            Task(executorPreference: fixture.loop) { try? await refresh.run() },
            Task(executorPreference: fixture.loop) { try? await pollers.run() },
        ]
        if holdsShards { hold(epoch: 1) }
    }

    func hold(epoch: Int64) {
        _ = leases.replace((0..<Shard.count).map { ($0, epoch) }, until: .now + .seconds(3600))
    }

    func release() { _ = leases.replace([], until: .now) }

    private func stop() async {
        await pollers.stop()
        for task in tasks {
            task.cancel()
            await task.value
        }
        client.close()
    }

    // MARK: For tests

    /// A bot that is to poll, brought about.
    func newBot(in tenant: Tenant? = nil, with change: SQL? = nil) async throws -> Bot {
        let bot = try await run.newBot(.polling, in: tenant)
        if let change {
            try await fixture.tamper("UPDATE bot SET \(change) WHERE id = \(bot.id)")
        }
        let aligned = try await run.connector.work(on: bot.key) { work in
            try await run.connector.align(&work)
            return BotConnector.Done()
        }
        refresh.wake()
        return aligned?.0 ?? bot
    }

    func eventually(_ awaited: String, _ isTrue: () async throws -> Bool) async throws {
        try await fixture.eventually(awaited, within: .seconds(60), isTrue)
    }

    func polls(_ bot: Bot) async throws -> Bool {
        try await sandbox.state(of: bot.telegramID)["is_polling"] == .bool(true)
    }

    /// Waits until so many of the bot's updates are in the log.
    /// - Returns: their texts, in the order of the log.
    func stored(_ count: Int, of bot: Bot) async throws -> [String] {
        try await eventually("\(count) updates in the log") {
            try await fixture.count("SELECT count(*) FROM update_log WHERE bot_id = \(bot.id)") >= count
        }
        return try await fixture.superuser.withConnection { connection in
            try await connection.values(
                """
                SELECT payload->'message'->>'text' FROM update_log WHERE bot_id = \(bot.id) ORDER BY position
                """, as: String.self)
        }
    }

    func webhook(of bot: Bot) async throws -> Webhook? {
        try await fixture.database.read(bot.tenant) { tx in try await Webhook.find(bot.id, in: tx) }
    }

    func bot(_ bot: Bot) async throws -> Bot? {
        try await fixture.database.read(bot.tenant) { tx in try await Bot.find(bot.id, in: tx) }
    }

    func calls(_ method: String, of bot: Bot) async throws -> [RecordedCall] {
        try await sandbox.calls(of: bot.telegramID, method: method)
    }
}
