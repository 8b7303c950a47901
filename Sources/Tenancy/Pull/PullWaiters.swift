import FoundationEssentials
import Platform
import Synchronization

/// Those who wait for updates of pull consumers on this node, on all of its event loops. Waiting costs no thread and
/// asks the database nothing.
///
/// A waiter is listed before it looks, so no news can fall between its look and its wait. News of a bot wakes the one
/// that has waited longest of each of its consumers; who goes wakes the next, so a hundred who wait for one update make
/// two looks. A waiter that is woken while it looks keeps that until its next pause.
///
/// News comes from
///
/// - this node's appends and acknowledgements, directly;
/// - other nodes' by NOTIFY, in the transaction: of every append for a bot with a pull consumer (`PulledBots`), of
///   acknowledgements only while somebody waits for one (`awaited_until`);
/// - the waiter's own timer, when what is out becomes visible again.
///
/// After a time in which notices may have been missed, all look. Two gaps are closed by looking more often: while a
/// consumer is so young that a node may not know of it, and while this node holds no shard, since another that holds
/// them all takes itself for the only one.
package final class PullWaiters: Sendable {
    package static let channel = "rookery_pull"
    /// PostgreSQL takes payloads below 8000 bytes.
    private static let keysPerNotice = 90
    private static let lookWithoutShards = Duration.seconds(2)

    package struct Bounds: Sendable {
        package var byTenant = 100
        /// Each is a connection, of which Telegram needs some, too.
        package var byLoop = 2000
        package init() {}
    }

    private struct State {
        var waiting: [BotKey: [ID<Consumer>: [PullWaiter]]] = [:]
        var countByTenant: [ID<Tenant>: Int] = [:]
        var countByLoop: [Int: Int] = [:]
        var isDraining = false
        /// The bots of consumers that were waited for, so that most are listed before their first look.
        var known: [ID<Consumer>: BotKey] = [:]
    }

    private static let mostKnown = 10_000

    private let state = Mutex(State())
    private let pulled: PulledBots
    private let leases: ShardLeases
    private let bounds: Bounds
    private let waitingCount: Gauge
    /// Tells this node's notices from others'.
    private let sender = UUID().uuidString

    package init(pulled: PulledBots, leases: ShardLeases, metrics: Metrics, bounds: Bounds = Bounds()) {
        self.pulled = pulled
        self.leases = leases
        self.bounds = bounds
        waitingCount = metrics.gauge("rookery_pull_waiting", "Pulls that wait for updates.")
    }

    // MARK: Waiting

    func list(_ consumer: ID<Consumer>, of bot: BotKey, on loop: EventLoop) throws(PullRefusal) -> PullWaiter
    {
        let waiter = PullWaiter(consumer: consumer, bot: bot, loop: loop)
        let isListed = state.withLock { state in
            let (tenant, loop) = (bot.tenant, loop.index)
            guard state.countByTenant[tenant, default: 0] < bounds.byTenant,
                state.countByLoop[loop, default: 0] < bounds.byLoop
            else { return false }
            state.countByTenant[tenant, default: 0] += 1
            state.countByLoop[loop, default: 0] += 1
            state.waiting[bot, default: [:]][consumer, default: []].append(waiter)
            if state.known.count >= Self.mostKnown { state.known = [:] }
            state.known[consumer] = bot
            return true
        }
        guard isListed else { throw .tooManyWaiting }
        waitingCount.add(1)
        return waiter
    }

    /// The next one looks: there may be more, it has to know when what was given now becomes visible again, and who
    /// ends without a look has perhaps taken a wake that was meant for one.
    func remove(_ waiter: PullWaiter) {
        state.withLock { state in
            let tenant = waiter.bot.tenant
            let left = state.countByTenant[tenant, default: 1] - 1
            state.countByTenant[tenant] = left > 0 ? left : nil
            state.countByLoop[waiter.loop.index, default: 1] -= 1
            var queue = state.waiting[waiter.bot]?[waiter.consumer] ?? []
            queue.removeAll { $0 === waiter }
            queue.first?.news.wake()
            state.waiting[waiter.bot]?[waiter.consumer] = queue.isEmpty ? nil : queue
            if state.waiting[waiter.bot]?.isEmpty == true { state.waiting[waiter.bot] = nil }
        }
        waitingCount.add(-1)
    }

    func knownBot(of consumer: ID<Consumer>, _ tenant: ID<Tenant>) -> BotKey? {
        state.withLock { $0.known[consumer] }.flatMap { $0.tenant == tenant ? $0 : nil }
    }

    var isDraining: Bool { state.withLock(\.isDraining) }

    /// Nobody tells a node without shards for certain.
    var nextLook: Duration? { leases.count == 0 ? Self.lookWithoutShards : nil }

    // MARK: News

    /// News of these bots' logs, or of what was in the way of their updates.
    package func wake(_ bots: some Collection<BotKey>) {
        state.withLock { state in
            guard !state.waiting.isEmpty else { return }
            for bot in bots {
                for queue in (state.waiting[bot] ?? [:]).values { queue.first?.news.wake() }
            }
        }
    }

    /// Notices may have been missed.
    package func wakeAll() {
        state.withLock { state in
            for queue in state.waiting.values.lazy.flatMap(\.values) { queue.first?.news.wake() }
        }
    }

    /// From now on nobody waits, and who does is answered at once.
    package func drain() {
        state.withLock { state in
            state.isDraining = true
            for waiter in state.waiting.values.lazy.flatMap(\.values).joined() { waiter.news.wake() }
        }
    }

    /// Another node's notice, or our own.
    package func receive(_ payload: String) {
        let words = payload.split(separator: " ")
        guard let first = words.first, first != sender else { return }
        wake(words.dropFirst().compactMap(BotKey.init(noticed:)))
    }

    /// What tells other nodes of news of those bots that have pull consumers, in the transaction that makes it.
    func notices(of bots: Set<BotKey>) -> [SQL] {
        guard !leases.holdsAll else { return [] }
        var rest = Array(pulled.among(bots))[...]
        var statements: [SQL] = []
        while !rest.isEmpty {
            let keys = rest.prefix(Self.keysPerNotice).map(\.noticeText)
            rest = rest.dropFirst(Self.keysPerNotice)
            let payload = ([sender] + keys).joined(separator: " ")
            statements.append("SELECT pg_notify(\(Self.channel), \(payload))")
        }
        return statements
    }

    /// The same as an expression: for the bot in a row's `tenant_id` and `bot_id`, where `condition` holds.
    func notice(of row: SQL, if condition: SQL) -> SQL {
        guard !leases.holdsAll else { return "NULL" }
        return """
            CASE WHEN \(condition) THEN pg_notify(\(Self.channel),
                \(sender + " ") || \(row).tenant_id::text || '/' || \(row).bot_id::text)::text END
            """
    }
}

/// One who waits.
final class PullWaiter: Sendable {
    let consumer: ID<Consumer>
    let bot: BotKey
    let loop: EventLoop
    let news = WakeUp()

    init(consumer: ID<Consumer>, bot: BotKey, loop: EventLoop) {
        self.consumer = consumer
        self.bot = bot
        self.loop = loop
    }
}

extension BotKey {
    fileprivate var noticeText: String { "\(tenant.uuid)/\(bot.uuid)" }

    fileprivate init?(noticed text: Substring) {
        let parts = text.split(separator: "/").compactMap { UUID(uuidString: String($0)) }
        guard parts.count == 2 else { return nil }
        self.init(tenant: ID(parts[0]), bot: ID(parts[1]))
    }
}
