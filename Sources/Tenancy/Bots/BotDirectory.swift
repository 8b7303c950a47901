import Platform
import Synchronization

/// What is needed of every bot to let an update in, in memory: looked up on each request, on every loop, without
/// a database read. `BotDirectoryRefresh` keeps it current.
package final class BotDirectory: Sendable {
    /// What to do with a request that claims to come from Telegram.
    package enum Admission: Sendable, Equatable {
        case admitted(tenant: ID<Tenant>, takesAdminCommands: Bool = false)
        case refused(Refusal)
        case limited(retryAfter: Duration)
    }

    /// Why a request is refused whatever its body holds.
    package enum Refusal: Sendable {
        case unknownBot
        case wrongSecret
        case suspended
        case addressRefused
    }

    /// One bot. Secrets are kept as SHA-256 digests: all of one length, so that comparing takes the same time.
    struct Entry: Sendable {
        let tenant: ID<Tenant>
        let secrets: [SecretDigest]
        let transport: Bot.Transport
        let takesAdminCommands: Bool
        /// Changes with whatever is stored of the bot.
        var version = Timestamp(microsecondsSince1970: 0)
        var limit = RateLimit()
    }

    private struct State {
        var bots: [ID<Bot>: Entry] = [:]
        /// The bots that poll, and their versions.
        var polling: [BotKey: Timestamp] = [:] { didSet { changes += 1 } }
        var changes = 0
        var watchers: [WakeUp] = []
        var isLoaded = false
        /// Bots with several secrets whose newest was used.
        var seenSecrets: [ID<Bot>: SecretDigest] = [:]

        mutating func remove(_ bot: ID<Bot>) {
            guard let entry = bots.removeValue(forKey: bot) else { return }
            polling[BotKey(tenant: entry.tenant, bot: bot)] = nil
        }
    }

    /// Of bots whose secrets were changed at about the same time; those left out are noted at their next request.
    private static let mostSeenSecrets = 1000

    /// What is known of the bots' tenants. A bot whose tenant is not known is not known either.
    package let tenants: TenantDirectory
    package let pulled = PulledBots()
    private let state = Mutex(State())

    package init(tenants: TenantDirectory) { self.tenants = tenants }

    /// Whether the bots have been read once: before that, none can be told from an unknown one.
    package var isLoaded: Bool { state.withLock(\.isLoaded) }

    /// The tenant that a bot belongs to; nil for a bot that is not (yet) known.
    package func tenant(of bot: ID<Bot>) -> ID<Tenant>? {
        state.withLock { $0.bots[bot]?.tenant }.flatMap { tenants[$0] == nil ? nil : $0 }
    }

    package var count: Int { state.withLock(\.bots.count) }

    /// Decides in the order of the design: bot, secret, tenant, address, limit.
    /// - Parameters:
    ///   - secret: the request's X-Telegram-Bot-Api-Secret-Token, nil when it has none.
    ///   - isAddressAllowed: whether the request came from an address that Telegram sends from.
    package func admit(
        _ bot: ID<Bot>, secret: String?, isAddressAllowed: Bool, at now: ContinuousClock.Instant = .now
    ) -> Admission {
        let presented = secret.map(SecretDigest.init(of:))
        return state.withLock { state in
            guard let index = state.bots.index(forKey: bot) else { return .refused(.unknownBot) }
            let entry = state.bots.values[index]
            guard let owner = tenants[entry.tenant] else { return .refused(.unknownBot) }
            if let refusal = Self.refusal(of: entry, owner, presented, isAddressAllowed) {
                return .refused(refusal)
            }
            if entry.secrets.count > 1, let presented, presented == entry.secrets[0],
                state.seenSecrets.count < Self.mostSeenSecrets
            {
                state.seenSecrets[bot] = presented
            }
            guard let perMinute = owner.updatesPerMinutePerBot,
                let wait = state.bots.values[index].limit.take(perMinute: perMinute, at: now)
            else {
                return .admitted(tenant: entry.tenant, takesAdminCommands: entry.takesAdminCommands)
            }
            return .limited(retryAfter: wait)
        }
    }

    /// What `admit` would refuse without looking at the limit, of which nothing is taken.
    package func refusal(of bot: ID<Bot>, secret: String?, isAddressAllowed: Bool) -> Refusal? {
        let presented = secret.map(SecretDigest.init(of:))
        return state.withLock { state in
            guard let entry = state.bots[bot], let owner = tenants[entry.tenant] else { return .unknownBot }
            return Self.refusal(of: entry, owner, presented, isAddressAllowed)
        }
    }

    private static func refusal(
        of entry: Entry, _ owner: TenantDirectory.Entry, _ presented: SecretDigest?, _ isAddressAllowed: Bool
    ) -> Refusal? {
        guard let presented, presented.isAmong(entry.secrets) else { return .wrongSecret }
        guard owner.status == .active else { return .suspended }
        return isAddressAllowed ? nil : .addressRefused
    }

    // MARK: For the pollers

    /// The bots that poll, of whatever tenant, each with a value that changes when anything about it does.
    func polling() -> [BotKey: Timestamp] { state.withLock(\.polling) }

    /// Whether the tenant's admins can talk to the platform through the bot.
    func takesAdminCommands(_ bot: ID<Bot>) -> Bool {
        state.withLock { $0.bots[bot]?.takesAdminCommands ?? false }
    }

    /// Wakes `watcher` whenever `polling` changes.
    func watch(_ watcher: WakeUp) { state.withLock { $0.watchers.append(watcher) } }

    /// How many updates may be asked for at a time, and how long to wait before: those that a poll has brought count
    /// against the limit afterwards.
    func allowance(of key: BotKey, brought count: Int, at now: ContinuousClock.Instant = .now)
        -> (atMost: Int, after: Duration)
    {
        state.withLock { state in
            guard let perMinute = tenants[key.tenant]?.updatesPerMinutePerBot,
                let index = state.bots.index(forKey: key.bot)
            else { return (.max, .zero) }
            let wait = state.bots.values[index].limit.charge(count, perMinute: perMinute, at: now)
            return (max(1, perMinute), wait)
        }
    }

    /// The newest secrets that requests had since the last time, of bots that have older ones still.
    func takeSeenSecrets() -> [(BotKey, SecretDigest)] {
        state.withLock { state in
            let seen = state.seenSecrets.compactMap { bot, digest in
                state.bots[bot].map { (BotKey(tenant: $0.tenant, bot: bot), digest) }
            }
            state.seenSecrets = [:]
            return seen
        }
    }

    // MARK: For the refresh

    /// Adds or replaces a bot; its limit's state goes on.
    func set(_ bot: ID<Bot>, _ entry: Entry) {
        change { state in
            var entry = entry
            if let known = state.bots[bot] { entry.limit = known.limit }
            state.bots[bot] = entry
            let version = entry.transport == .polling ? entry.version : nil
            if state.polling[BotKey(tenant: entry.tenant, bot: bot)] != version {
                state.polling[BotKey(tenant: entry.tenant, bot: bot)] = version
            }
        }
    }

    func remove(_ bot: ID<Bot>) { change { $0.remove(bot) } }

    /// Forgets every bot that is not among `bots`.
    func retain(_ bots: Set<ID<Bot>>) {
        change { state in
            for bot in state.bots.keys where !bots.contains(bot) { state.remove(bot) }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let watchers: [WakeUp] = state.withLock { state in
            let before = state.changes
            body(&state)
            return state.changes == before ? [] : state.watchers
        }
        for watcher in watchers { watcher.wake() }
    }

    func markLoaded() { state.withLock { $0.isLoaded = true } }
}
